/**
 * The bridge driver: one bridge a network, which holds the gateway addresses, and for each endpoint
 * a veth pair whose one end is a port of the bridge and whose other end is born in the sandbox.
 */
import { isIPv4 } from 'node:net';
import { HawserError } from '../../errors.ts';
import { inNetns } from '../../native/netns.ts';
import type { Link } from '../../native/rtnetlink/link.ts';
import type { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { ensureForwarding } from '../forwarding.ts';
import {
  aliasOfEndpoint,
  aliasOfNetwork,
  bridgeMac,
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
    if (link === undefined) makeBridge(network, host.rtnl);
    else checkOurs(network, link);
    if (!network.internal) ensureForwarding(network, host.note);
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
    const { hostIfname, ifname, mac, mtu, sandbox } = endpoint;
    removeLeftover(endpoint, rtnl);
    rtnl.addVeth({
      name: hostIfname,
      mtu,
      alias: aliasOfEndpoint(endpoint),
      master: network.bridge,
      up: true,
      peer: { name: ifname, mac, mtu, netns: sandbox.path },
    });
    undo('veth', () => rtnl.removeLink(hostIfname));
    configurePort(endpoint, network, rtnl);
    undo('port', () => {});
    if (network.subnets.every(({ subnet }) => !subnet.includes(':'))) switchOffIpv6(endpoint);
    configureInside(endpoint, inside);
    undo('addresses', () => {});
  },

  unplug({ hostIfname }, { rtnl }) {
    rtnl.removeLink(hostIfname);
  },

  unhook({ hostIfname }, { rtnl }) {
    if (rtnl.link(hostIfname) !== undefined) rtnl.setLink(hostIfname, { up: false, master: 0 });
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
  const mtu = parseBridgeOptions(network.options).mtu ?? defaultRouteMtu(rtnl);
  rtnl.addBridge({ name: bridge, mac: bridgeMac(bridge), mtu, alias: aliasOfNetwork(network) });
  try {
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
  if (link?.alias === undefined) rtnl.setLink(bridge, { alias: aliasOfNetwork(network) });
  if (link?.up !== true) {
    rtnl.setLink(bridge, { up: true });
    done.push(`bridge ${bridge} set up`);
  }
  return done;
}

/** What a process that was killed has left under this name is nobody's. */
function removeLeftover(endpoint: Endpoint, rtnl: Rtnetlink): void {
  const link = rtnl.link(endpoint.hostIfname);
  if (link === undefined) return;
  if (!isOfEndpoint(link, endpoint)) {
    throw new HawserError(
      'taken',
      `there is an interface ${link.name} already, which is not hawser's`,
    );
  }
  rtnl.removeLink(link.name);
}

/**
 * A frame leaves by the port it came from only in hairpin mode. Our own hairpin traffic is routed,
 * except where br_netfilter takes NAT into the bridge.
 */
function configurePort(endpoint: Endpoint, network: Network, rtnl: Rtnetlink): void {
  const isolated = !parseBridgeOptions(network.options).icc;
  const hairpin = endpoint.ports.length > 0 && readSysctl('bridge/bridge-nf-call-iptables') === '1';
  if (isolated || hairpin) rtnl.setBridgePort(endpoint.hostIfname, { isolated, hairpin });
  // The way back of what the host sends to a published port of its own loopback.
  if (endpoint.ports.length > 0) ensureSysctl(`ipv4/conf/${network.bridge}/route_localnet`, '1');
}

/** As Docker does: a network without IPv6 has no link-local way around its rules either. */
function switchOffIpv6({ sandbox, ifname }: Endpoint): void {
  inNetns(sandbox.path, () => ensureSysctl(`ipv6/conf/${ifname}/disable_ipv6`, '1'));
}

function configureInside(endpoint: Endpoint, inside: Rtnetlink): void {
  const { ifname, addresses } = endpoint;
  for (const { address, prefix } of addresses) {
    inside.addAddress(ifname, { address, prefix, nodad: !isIPv4(address) });
  }
  inside.setLink(ifname, { up: true });
  addDefaultRoutes(endpoint, inside);
}

/** One default route a family, unless the sandbox has one. */
export function addDefaultRoutes({ ifname, addresses }: Endpoint, inside: Rtnetlink): void {
  for (const { gateway } of addresses) {
    if (gateway === undefined) continue;
    const family = isIPv4(gateway) ? 4 : 6;
    const has = inside.routes({ family }).some(({ destination }) => destination === 'default');
    if (!has) inside.addRoute({ destination: 'default', gateway, link: ifname });
  }
}
