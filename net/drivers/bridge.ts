/**
 * The bridge driver: one bridge a network, which holds the gateway addresses, and for each endpoint
 * a veth pair whose one end is a port of the bridge and whose other end is born in the sandbox.
 */
import { randomUUID } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { HawserError } from '../../errors.ts';
import type { Link } from '../../native/rtnetlink/link.ts';
import type { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { failedWith } from '../../native/sys-error.ts';
import { DEFAULT_BRIDGE, DEFAULT_NETWORK } from '../default-network.ts';
import { defaultRouteMtu } from '../default-route.ts';
import { ensureForwarding } from '../forwarding.ts';
import {
  aliasOfEndpoint,
  aliasOfNetwork,
  bridgeMac,
  bridgeNameOf,
  hostIfnameOf,
  isOfEndpoint,
  isOfNetwork,
} from '../kernel-names.ts';
import { openLoopback } from '../loopback.ts';
import type { Endpoint, Network } from '../model.ts';
import { parseBridgeOptions } from '../options.ts';
import { ensureSysctl, readSysctl } from '../sysctl.ts';
import type { Driver } from './driver.ts';
import { configureInside, isConfigured, QUIET } from './interior.ts';

export const bridgeDriver: Driver = {
  name: 'bridge',

  design(network, others) {
    const { bridge = bridgeNameOf(network.id) } = parseBridgeOptions(network.options);
    refuseRival({ ...network, bridge }, others);
    return { ...network, bridge };
  },

  ensure(network, host) {
    const link = host.rtnl.link(bridgeOf(network));
    if (link !== undefined) checkOurs(network, link);
    if (!network.internal) ensureForwarding(network, host.note);
    if (link === undefined) makeBridge(network, host.rtnl);
    return { mtu: link?.mtu ?? bridgeMtu(network, host.rtnl) };
  },

  restore(network, host) {
    const link = host.rtnl.link(bridgeOf(network));
    if (link !== undefined) checkOurs(network, link);
    const done =
      link === undefined ? makeBridge(network, host.rtnl) : completeBridge(network, host.rtnl);
    if (!network.internal) ensureForwarding(network, host.note);
    return done;
  },

  remove(network, { rtnl }) {
    const link = rtnl.link(bridgeOf(network));
    if (link !== undefined && isOfNetwork(link, network)) rtnl.removeLink(link.name);
  },

  capacity: () => undefined,
  hostIfname: hostIfnameOf,

  plug(endpoint, network, { rtnl, inside }, undo) {
    addPair(endpoint, network, rtnl);
    undo('attach:veth', () => rtnl.removeLink(hostIfnameOf(endpoint.key)));
    configurePort(endpoint, network, rtnl);
    undo('attach:port', () => {}); // went with the pair
    configureInside(endpoint, network, inside);
    undo('attach:addresses', () => {});
  },

  unplug({ key }, { rtnl }) {
    rtnl.removeLink(hostIfnameOf(key));
  },

  unhook({ key }, { rtnl }) {
    const link = rtnl.link(hostIfnameOf(key));
    if (link === undefined) return;
    rtnl.batch(() => {
      // A port that is down forwards nothing, and the bridge forgets who was behind it.
      rtnl.setLink(link.index, { up: false });
      // Out of the way of the next endpoint with this key, which may come before the kernel is done.
      rtnl.setLink(link.index, { name: hostIfnameOf(randomUUID()) });
    });
  },

  isPlugged(endpoint, network, { rtnl, inside }) {
    const link = rtnl.link(hostIfnameOf(endpoint.key));
    const bridge = rtnl.link(bridgeOf(network));
    if (link === undefined || !link.up || link.master !== bridge?.index) return false;
    return isConfigured(endpoint, inside);
  },
};

function bridgeOf({ bridge, id }: Network): string {
  return bridge ?? bridgeNameOf(id);
}

/** One bridge is one network's; the default network's is kept for it, whichever is made first. */
function refuseRival({ name, bridge }: Network, others: readonly Network[]): void {
  const refuse = (why: string) => {
    throw new HawserError('taken', `interface ${bridge} is that of network ${why}`);
  };
  if (bridge === DEFAULT_BRIDGE && name !== DEFAULT_NETWORK) {
    refuse(`${DEFAULT_NETWORK}, made at its first use`);
  }
  const rival = others.find((other) => other.bridge === bridge);
  if (rival !== undefined) refuse(rival.name);
}

function makeBridge(network: Network, rtnl: Rtnetlink): string[] {
  const bridge = bridgeOf(network);
  rtnl.addBridge({ name: bridge, mac: bridgeMac(bridge) });
  try {
    // An MTU it is born with would be forgotten with its last port (br_mtu_auto_adjust).
    rtnl.setLink(bridge, { alias: aliasOfNetwork(network), mtu: bridgeMtu(network, rtnl) });
    completeBridge(network, rtnl);
  } catch (error) {
    rtnl.removeLink(bridge);
    throw error;
  }
  return [`bridge ${bridge} made`];
}

/** A bridge that is there: ours, or in somebody's way. */
function checkOurs(network: Network, link: Link): void {
  if (isOfNetwork(link, network)) return;
  throw new HawserError(
    'taken',
    `network ${network.name}: there is an interface ${link.name} already, which is not hawser's`,
    { hint: 'choose another name: -o com.docker.network.bridge.name=NAME' },
  );
}

/** Gateway addresses and the rest of what makes a bridge one of ours, as far as it is missing. */
function completeBridge(network: Network, rtnl: Rtnetlink): string[] {
  const { subnets } = network;
  const bridge = bridgeOf(network);
  const done: string[] = [];
  for (const setting of QUIET) {
    if (ensureSysctl(`ipv6/conf/${bridge}/${setting}`, '0'))
      done.push(`${setting} of ${bridge} switched off`);
  }
  const present = new Set(rtnl.addresses(bridge).map(({ address }) => address));
  for (const { subnet, gateway } of subnets) {
    if (present.has(gateway)) continue;
    const prefix = Number(subnet.split('/')[1]);
    rtnl.addAddress(bridge, { address: gateway, prefix, nodad: !isIPv4(gateway) });
    done.push(`address ${gateway} given to ${bridge}`);
  }
  const link = rtnl.link(bridge);
  if (link?.alias === undefined) {
    rtnl.setLink(bridge, { alias: aliasOfNetwork(network), mtu: bridgeMtu(network, rtnl) });
  }
  if (link?.up !== true) {
    rtnl.setLink(bridge, { up: true });
    done.push(`bridge ${bridge} set up`);
  }
  return done;
}

function bridgeMtu(network: Network, rtnl: Rtnetlink): number {
  return parseBridgeOptions(network.options).mtu ?? defaultRouteMtu(rtnl);
}

function addPair(endpoint: Endpoint, network: Network, rtnl: Rtnetlink): void {
  const { key, ifname, mac, mtu, sandbox } = endpoint;
  const pair = {
    name: hostIfnameOf(key),
    mtu,
    master: bridgeOf(network),
    up: true,
    peer: { name: ifname, mac, mtu, netns: sandbox.path },
  };
  try {
    rtnl.addVeth(pair);
  } catch (error) {
    if (!failedWith(error, 'EEXIST') || !removeLeftover(endpoint, rtnl)) throw error;
    rtnl.addVeth(pair);
  }
}

/** What a process that was killed has left under this name is nobody's. False if there is nothing. */
function removeLeftover(endpoint: Endpoint, rtnl: Rtnetlink): boolean {
  const link = rtnl.link(hostIfnameOf(endpoint.key));
  if (link === undefined) return false;
  if (isOfEndpoint(link, endpoint)) return rtnl.removeLink(link.name);
  throw new HawserError(
    'taken',
    `there is an interface ${link.name} already, which is not hawser's`,
  );
}

/**
 * A frame leaves by the port it came from only in hairpin mode. Our own hairpin traffic is routed,
 * except where br_netfilter takes NAT into the bridge.
 */
function configurePort(endpoint: Endpoint, network: Network, rtnl: Rtnetlink): void {
  const { key, ports } = endpoint;
  const hostIfname = hostIfnameOf(key);
  const { icc, answersOnly } = parseBridgeOptions(network.options);
  const isolated = !icc || answersOnly;
  const hairpin = ports.length > 0 && readSysctl('bridge/bridge-nf-call-iptables') === '1';
  rtnl.batch(() => {
    rtnl.setLink(hostIfname, { alias: aliasOfEndpoint(endpoint) });
    if (isolated || hairpin) rtnl.setBridgePort(hostIfname, { isolated, hairpin });
  });
  openLoopback(bridgeOf(network), ports, rtnl);
}
