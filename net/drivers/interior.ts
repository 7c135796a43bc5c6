/** What every driver gives a link once it is inside the sandbox: settings, addresses, the way out. */
import { isIPv4 } from 'node:net';
import { inNetns } from '../../native/netns.ts';
import type { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import type { Endpoint, Network } from '../model.ts';
import { ensureSysctl } from '../sysctl.ts';

/**
 * Switched off at both ends of a link: nobody on it becomes a router by saying so (RFC 4861,
 * CVE-2020-10749), and the link-local address does not wait for a second to find that nobody else
 * has it, since the MAC it follows from is unique here (duplicate address detection, RFC 4862, 5.4).
 */
export const QUIET = ['accept_ra', 'accept_dad'] as const;

/** Addresses, up, and the default routes that the sandbox lacks. */
export function configureInside(endpoint: Endpoint, network: Network, inside: Rtnetlink): void {
  const { ifname, addresses, sandbox } = endpoint;
  inNetns(sandbox.path, () => {
    const settings = `ipv6/conf/${ifname}`;
    // As Docker does: a network without IPv6 has no link-local way around its rules either.
    const hasIPv6 = network.subnets.some(({ subnet }) => subnet.includes(':'));
    if (!hasIPv6) ensureSysctl(`${settings}/disable_ipv6`, '1');
    else for (const setting of QUIET) ensureSysctl(`${settings}/${setting}`, '0');
  });
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
