/**
 * The bridge driver: one bridge a network, which holds the gateway addresses, and for each endpoint
 * a veth pair whose one end is a port of the bridge and whose other end is born in the sandbox.
 */
import { randomUUID } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { HawserError } from '../../errors.ts';
import { inNetns } from '../../native/netns.ts';
import type { Link } from '../../native/rtnetlink/link.ts';
import type { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { failedWith } from '../../native/sys-error.ts';
import { ensureForwarding } from '../forwarding.ts';
import {
  aliasOfEndpoint,
  aliasOfNetwork,
  bridgeMac,
  hostIfnameOf,
  isOfEndpoint,
  isOfNetwork,
} from '../kernel-names.ts';
import type { Endpoint, Network } from '../model.ts';
import { defaultRouteMtu } from '../mtu.ts';
import { parseBridgeOptions } from '../options.ts';
import { ensureSysctl, readSysctl } from '../sysctl.ts';
import type { Driver } from './driver.ts';

export const bridgeDriver: Driver = {
  name: 'bridge',

  check(network) {
    parseBridgeOptions(network.options);
  },

  ensure(network, host) {
    const link = host.rtnl.link(network.bridge);
    if (link !== undefined) checkOurs(network, link);
    if (!network.internal) ensureForwarding(network, host.note);
    if (link === undefined) makeBridge(network, host.rtnl);
    return { mtu: link?.mtu ?? bridgeMtu(network, host.rtnl) };
  },

  restore(network, host) {
    const link = host.rtnl.link(network.bridge);
    if (link !== undefined) checkOurs(network, link);
    const done =
      link === undefined ? makeBridge(network, host.rtnl) : completeBridge(network, host.rtnl);
    if (!network.internal) ensureForwarding(network, host.note);
    return done;
  },

  remove(network, { rtnl }) {
    const link = rtnl.link(network.bridge);
    if (link !== undefined && isOfNetwork(link, network)) rtnl.removeLink(network.bridge);
  },

  plug(endpoint, network, { rtnl, inside }, undo) {
    addPair(endpoint, network, rtnl);
    undo('attach:veth', () => rtnl.removeLink(endpoint.hostIfname));
    configurePort(endpoint, network, rtnl);
    undo('attach:port', () => {}); // went with the pair
    configureInside(endpoint, network, inside);
    undo('attach:addresses', () => {});
  },

  unplug({ hostIfname }, { rtnl }) {
    rtnl.removeLink(hostIfname);
  },

  unhook({ hostIfname }, { rtnl }) {
    const link = rtnl.link(hostIfname);
    if (link === undefined) return;
    rtnl.setLink(link.index, { up: false, master: 0 });
    // Out of the way of the next endpoint with this key, which may come before the kernel is done.
    rtnl.setLink(link.index, { name: hostIfnameOf(randomUUID()) });
  },

  isPlugged(endpoint, network, { rtnl, inside }) {
    const link = rtnl.link(endpoint.hostIfname);
    const bridge = rtnl.link(network.bridge);
    if (link === undefined || !link.up || link.master !== bridge?.index) return false;
    if (inside.link(endpoint.ifname)?.up !== true) return false;
    const present = new Set(inside.addresses(endpoint.ifname).map(({ address }) => address));
    return endpoint.addresses.every(({ address }) => present.has(address));
  },
};

function makeBridge(network: Network, rtnl: Rtnetlink): string[] {
  const { bridge } = network;
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
  const { bridge, subnets } = network;
  const done: string[] = [];
  // A container must not become the host's router by saying so (RFC 4861 advertisements).
  if (ensureSysctl(`ipv6/conf/${bridge}/accept_ra`, '0'))
    done.push(`accept_ra of ${bridge} switched off`);
  const present = new Set(rtnl.addresses(bridge).map(({ address }) => address));
  for (const { subnet, gateway } of subnets) {
    if (present.has(gateway)) continue;
    const prefix = Number(subnet.split('/')[1]);
    // Without duplicate address detection, whose second of waiting has nothing to find here.
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
  const { hostIfname, ifname, mac, mtu, sandbox } = endpoint;
  const pair = {
    name: hostIfname,
    mtu,
    master: network.bridge,
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
  const link = rtnl.link(endpoint.hostIfname);
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
  const { hostIfname, ports } = endpoint;
  const isolated = !parseBridgeOptions(network.options).icc;
  const hairpin = ports.length > 0 && readSysctl('bridge/bridge-nf-call-iptables') === '1';
  rtnl.batch(() => {
    rtnl.setLink(hostIfname, { alias: aliasOfEndpoint(endpoint) });
    if (isolated || hairpin) rtnl.setBridgePort(hostIfname, { isolated, hairpin });
  });
  // The way back of what the host sends to a published port of its own loopback.
  if (ports.length > 0) ensureSysctl(`ipv4/conf/${network.bridge}/route_localnet`, '1');
}

function configureInside(endpoint: Endpoint, network: Network, inside: Rtnetlink): void {
  const { ifname, addresses, sandbox } = endpoint;
  // As Docker does: a network without IPv6 has no link-local way around its rules either. With
  // IPv6, a neighbour must not become the container's router by saying so (CVE-2020-10749).
  const hasIPv6 = network.subnets.some(({ subnet }) => subnet.includes(':'));
  const [setting, value] = hasIPv6 ? ['accept_ra', '0'] : ['disable_ipv6', '1'];
  inNetns(sandbox.path, () => ensureSysctl(`ipv6/conf/${ifname}/${setting}`, value));
  const link = inside.link(ifname)?.index ?? ifname;
  const routes = missingDefaultRoutes(endpoint, inside);
  inside.batch(() => {
    for (const { address, prefix } of addresses) {
      inside.addAddress(link, { address, prefix, nodad: !isIPv4(address) });
    }
    inside.setLink(link, { up: true });
    for (const gateway of routes) inside.addRoute({ destination: 'default', gateway, link });
  });
}

/** Gives an attached sandbox the default routes that it lacks. */
export function addDefaultRoutes(endpoint: Endpoint, inside: Rtnetlink): void {
  for (const gateway of missingDefaultRoutes(endpoint, inside)) {
    inside.addRoute({ destination: 'default', gateway, link: endpoint.ifname });
  }
}

/** One default route a family, unless the sandbox has one: the gateways of those to add. */
function missingDefaultRoutes({ addresses }: Endpoint, inside: Rtnetlink): string[] {
  return addresses.flatMap(({ gateway }) => {
    if (gateway === undefined) return [];
    const routes = inside.routes({ family: isIPv4(gateway) ? 4 : 6 });
    return routes.some(({ destination }) => destination === 'default') ? [] : [gateway];
  });
}
