/**
 * Published ports by the host's own loopback, without a proxy: the rules lead there, and here the
 * kernel is told to take the answers (docs/decisions/loopback-ports.md).
 */
import { isIPv4 } from 'node:net';
import { HawserError } from '../../errors.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { failedWith } from '../../native/sys-error.ts';
import type { Endpoint, Network, PublishedPort } from '../model.ts';
import type { Difference } from '../repair/difference.ts';
import { settingDifferences } from '../settings/differences.ts';
import { ensureSysctl, readSysctl } from '../settings/sysctl.ts';
import { isAny } from './host-addresses.ts';
import { formatPort } from './parse.ts';

/** The kernel's table of what is the host itself (rtnetlink(7): RT_TABLE_LOCAL). */
const LOCAL_TABLE = 255;
/** Behind the kernel's own ::1, which has 0 and stays the one that the host uses. */
const METRIC = 4096;

/**
 * Where br_netfilter hands bridged frames to the firewall, they are translated before the kernel looks
 * for addresses that no frame may have, and an answer to ::1 is dropped for its destination.
 *
 * @throws HawserError 'unsupported' for a port on ::1 alone, which nobody could reach
 */
export function checkLoopback(
  { policy }: Network,
  ports: readonly PublishedPort[],
  note: (text: string) => void,
): void {
  const six = ports.filter(answersLoopback);
  if (six.length === 0) return;
  const isForAll = readSysctl('bridge/bridge-nf-call-ip6tables') === '1';
  if (!isForAll && policy === undefined) return;
  const cause = isForAll ? 'net.bridge.bridge-nf-call-ip6tables is 1' : 'the network has a policy';
  const why = `answers to ::1 are lost while ${cause}`;
  const only = six.find(({ hostIp }) => !isAny(hostIp));
  if (only === undefined) {
    note(`${why}; by the other addresses the published ports are reached`);
    return;
  }
  throw new HawserError('unsupported', `publish ${formatPort(only)}: ${why}`, {
    hint: isForAll
      ? 'sysctl -w net.bridge.bridge-nf-call-ip6tables=0, if no program here needs it'
      : 'publish it on 127.0.0.1',
  });
}

/** Tells which published ports a network's first policy takes ::1 away from, as checkLoopback has it. */
export function noteSilenced(endpoints: readonly Endpoint[], note: (text: string) => void): void {
  if (readSysctl('bridge/bridge-nf-call-ip6tables') === '1') return; // as silent before
  for (const { owner, ports } of endpoints) {
    for (const port of ports.filter(answersLoopback)) {
      const rest = isAny(port.hostIp)
        ? 'by other addresses it is reached'
        : 'nobody reaches it, and it is refused at the next start';
      note(
        `${owner} has published ${formatPort(port)}: answers to ::1 are lost while the network has a policy; ${rest}`,
      );
    }
  }
}

function answersLoopback({ hostIp }: PublishedPort): boolean {
  return hostIp === '::1' || hostIp === '::';
}

/** Lets the host's loopback talk over a bridge to what is published there. */
export function openLoopback(
  bridge: string,
  ports: readonly PublishedPort[],
  rtnl: Rtnetlink,
): void {
  // The way back of what the host sends to a published port of its own loopback.
  if (ports.some(({ hostIp }) => isIPv4(hostIp))) {
    ensureSysctl(`ipv4/conf/${bridge}/route_localnet`, '1');
  }
  if (ports.some(({ hostIp }) => !isIPv4(hostIp))) letAnswersHome(bridge, rtnl);
}

/**
 * IPv6 has no route_localnet. What it has is a strict reading of routes: ::1 is only where its route's
 * interface is, and so it gets one on the bridge. What comes in for ::1 from elsewhere is dropped as ever.
 */
function letAnswersHome(bridge: string, rtnl: Rtnetlink): void {
  try {
    rtnl.addRoute({
      destination: '::1',
      link: bridge,
      type: 'LOCAL',
      table: LOCAL_TABLE,
      metric: METRIC,
      beside: true,
    });
  } catch (error) {
    if (!failedWith(error, 'EEXIST')) throw error;
  }
}

/** What of the way back is missing; only looks. */
export function loopbackDifferences(
  bridge: string,
  ports: readonly PublishedPort[],
  rtnl: Rtnetlink,
): Difference[] {
  const four = ports.some(({ hostIp }) => isIPv4(hostIp));
  const six = ports.some(({ hostIp }) => !isIPv4(hostIp));
  const link = six ? rtnl.link(bridge)?.index : undefined;
  const hasWay = rtnl
    .routes({ family: 6, table: LOCAL_TABLE })
    .some((route) => route.destination === '::1/128' && route.link === link);
  return [
    ...settingDifferences(four ? { [`ipv4/conf/${bridge}/route_localnet`]: '1' } : {}),
    ...(link === undefined || hasWay
      ? []
      : [
          {
            kind: 'route',
            what: `bridge ${bridge} has no route for answers to ::1`,
            mend() {
              using rtnl = Rtnetlink.open();
              letAnswersHome(bridge, rtnl);
            },
          },
        ]),
  ];
}
