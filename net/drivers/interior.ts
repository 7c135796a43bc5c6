/** What every driver gives a link once it is inside the sandbox: settings, addresses, the way out. */
import { isIPv4 } from 'node:net';
import { inNetns } from '../../native/netns.ts';
import type { LinkChange } from '../../native/rtnetlink/link.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import type { Difference } from '../difference.ts';
import type { Endpoint, Network } from '../model.ts';
import { settingDifferences } from '../settings.ts';
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
    const settings = Object.entries(settingsOf(endpoint, network));
    for (const [path, value] of settings) ensureSysctl(path, value);
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

/** As Docker does: a network without IPv6 has no link-local way around its rules either. */
function settingsOf({ ifname }: Endpoint, { subnets }: Network): Record<string, string> {
  const settings = `ipv6/conf/${ifname}`;
  if (!subnets.some(({ subnet }) => subnet.includes(':'))) {
    return { [`${settings}/disable_ipv6`]: '1' };
  }
  return Object.fromEntries(QUIET.map((setting) => [`${settings}/${setting}`, '0']));
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

/** How the link, which is there, differs from what `configureInside` makes of it. */
export function interiorDifferences(
  endpoint: Endpoint,
  network: Network,
  inside: Rtnetlink,
): Difference[] {
  const { ifname, owner, addresses, mac, mtu, sandbox } = endpoint;
  const link = inside.link(ifname);
  if (link === undefined) return [];
  const differs = (kind: string, what: string, mend: (inside: Rtnetlink) => void): Difference => ({
    kind,
    what: `${owner}: ${ifname} ${what}`,
    mend() {
      using inside = Rtnetlink.open(sandbox.path);
      mend(inside);
    },
  });
  const set = (what: string, change: LinkChange) =>
    differs('link', what, (inside) => inside.setLink(ifname, change));
  const present = new Set(inside.addresses(ifname).map(({ address }) => address));
  return [
    ...(link.mac === mac ? [] : [set(`has the MAC ${link.mac} instead of ${mac}`, { mac })]),
    ...(link.mtu === mtu ? [] : [set(`has an MTU of ${link.mtu} instead of ${mtu}`, { mtu })]),
    ...settingDifferences(settingsOf(endpoint, network), { netns: sandbox.path, who: owner }),
    ...(link.up ? [] : [set('is down', { up: true })]),
    ...addresses
      .filter(({ address }) => !present.has(address))
      .map(({ address, prefix }) =>
        differs('address', `lacks its address ${address}`, (inside) =>
          inside.addAddress(ifname, { address, prefix, nodad: !isIPv4(address) }),
        ),
      ),
  ];
}

/**
 * By families, whether a sandbox has no way out although its endpoints offer one. A link that is gone
 * is joined again with its routes.
 */
export function routeDifferences(endpoints: readonly Endpoint[], inside: Rtnetlink): Difference[] {
  const [first] = endpoints;
  if (first === undefined) return [];
  if (endpoints.some(({ ifname }) => inside.link(ifname) === undefined)) return [];
  const missing = endpoints.flatMap((endpoint) => missingDefaultRoutes(endpoint, inside));
  const mend = () => {
    using inside = Rtnetlink.open(first.sandbox.path);
    for (const endpoint of endpoints) addDefaultRoutes(endpoint, inside);
  };
  return ([4, 6] as const)
    .filter((family) => missing.some((gateway) => isIPv4(gateway) === (family === 4)))
    .map((family) => ({
      kind: 'route',
      what: `${first.owner} has no default route of IPv${family}`,
      mend,
    }));
}
