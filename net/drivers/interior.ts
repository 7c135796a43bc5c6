/** What every driver gives a link once it is inside the sandbox: settings, addresses, the way out. */
import { isIPv4 } from 'node:net';
import { inNetns } from '../../native/netns.ts';
import type { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import type { Endpoint, Network } from '../model.ts';
import { ensureSysctl } from '../sysctl.ts';

/** Addresses, up, and the default routes that the sandbox lacks. */
export function configureInside(endpoint: Endpoint, network: Network, inside: Rtnetlink): void {
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

/** Whether the link is up and has all its addresses. */
export function isConfigured({ ifname, addresses }: Endpoint, inside: Rtnetlink): boolean {
  if (inside.link(ifname)?.up !== true) return false;
  const present = new Set(inside.addresses(ifname).map(({ address }) => address));
  return addresses.every(({ address }) => present.has(address));
}
