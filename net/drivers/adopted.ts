/**
 * A bridge that the user made, used by a network: it keeps what it has, is lent the gateway addresses
 * that it lacks, and stays when the network goes.
 */
import { isIPv4 } from 'node:net';
import { HawserError } from '../../errors.ts';
import type { Link } from '../../native/rtnetlink/link.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { ownership } from '../kernel-names.ts';
import type { Network, NetworkSubnet } from '../model.ts';
import { parseBridgeOptions } from '../options.ts';
import type { Difference } from '../repair/difference.ts';
import { ensureForwarding } from '../routing/forwarding.ts';
import type { Host } from './driver.ts';

/** Marks an address as lent by hawser (IFA_PROTO, Linux 5.18), as an alias marks a link. */
export const LENT = 0x68;

/** What an interface of the name that a network is to have for its bridge means for the network. */
export function adopting(network: Network, link: Link | undefined, rtnl: Rtnetlink): Network {
  if (link === undefined || ownership(link) !== undefined) return network;
  if (link.kind === 'bridge') {
    return { ...network, adopted: rtnl.addresses(link.index).map(({ address }) => address) };
  }
  throw new HawserError('taken', `there is an interface ${link.name} already, which is no bridge`, {
    hint: 'choose another name: -o com.docker.network.bridge.name=NAME',
  });
}

/** Ready for endpoints: up, with its gateways, on a host that forwards. */
export function useAdopted(network: Network, { rtnl, note }: Host): { mtu: number } {
  const link = requireAdopted(network, rtnl);
  if (!network.internal) ensureForwarding(network, note);
  complete(network, rtnl);
  return { mtu: parseBridgeOptions(network.options).mtu ?? link.mtu };
}

/** What was not made by hawser is not made again by it; that it is gone is told. */
export function adoptedDifferences(network: Network, rtnl: Rtnetlink): Difference[] {
  const { name, bridge = '' } = network;
  const link = rtnl.link(bridge);
  const differs = (kind: string, what: string): Difference => ({
    kind,
    what: `bridge ${bridge} of network ${name} ${what}`,
    mend() {
      using rtnl = Rtnetlink.open();
      complete(network, rtnl);
    },
  });
  if (link === undefined) return [differs('bridge', 'is missing')];
  return [
    ...(link.up ? [] : [differs('bridge', 'is down')]),
    ...missingGateways(network, link, rtnl).map(({ gateway }) =>
      differs('address', `lacks its address ${gateway}`),
    ),
  ];
}

/** Takes the addresses back that were lent. */
export function leaveAdopted(
  { bridge = '', adopted = [], subnets }: Network,
  rtnl: Rtnetlink,
): void {
  const link = rtnl.link(bridge);
  if (link === undefined) return;
  for (const { subnet, gateway: address } of subnets) {
    if (adopted.includes(address)) continue;
    rtnl.removeAddress(link.index, { address, prefix: prefixOf(subnet) });
  }
}

function complete(network: Network, rtnl: Rtnetlink): void {
  const link = requireAdopted(network, rtnl);
  try {
    for (const { subnet, gateway: address } of missingGateways(network, link, rtnl)) {
      const lent = { address, prefix: prefixOf(subnet), nodad: !isIPv4(address), protocol: LENT };
      rtnl.addAddress(link.index, lent);
    }
    if (!link.up) rtnl.setLink(link.index, { up: true });
  } catch (error) {
    leaveAdopted(network, rtnl);
    throw error;
  }
}

function missingGateways({ subnets }: Network, link: Link, rtnl: Rtnetlink): NetworkSubnet[] {
  const present = new Set(rtnl.addresses(link.index).map(({ address }) => address));
  return subnets.filter(({ gateway }) => !present.has(gateway));
}

/** @throws HawserError 'not-found' if the user has taken it away */
function requireAdopted({ name, bridge = '' }: Network, rtnl: Rtnetlink): Link {
  const link = rtnl.link(bridge);
  if (link !== undefined) return link;
  throw new HawserError(
    'not-found',
    `network ${name}: its bridge ${bridge} is gone, which was not hawser's to make`,
    { hint: `ip link add ${bridge} type bridge` },
  );
}

function prefixOf(subnet: string): number {
  return Number(subnet.split('/')[1]);
}
