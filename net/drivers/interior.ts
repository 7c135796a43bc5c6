/** What every driver gives a link once it is inside the sandbox: settings, addresses, routes. */
import { isIPv4 } from 'node:net';
import { inNetns } from '../../native/netns.ts';
import type { LinkChange } from '../../native/rtnetlink/link.ts';
import { MAIN_TABLE } from '../../native/rtnetlink/route.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import type { Endpoint, EndpointRoute, Network } from '../model.ts';
import type { Difference } from '../repair/difference.ts';
import { formatRoute } from '../routing/routes.ts';
import { settingDifferences } from '../settings/differences.ts';
import { sysctlPaths } from '../settings/endpoint-sysctls.ts';
import { ensureSysctl } from '../settings/sysctl.ts';

/**
 * Switched off at both ends of a link: nobody on it becomes a router by saying so (RFC 4861,
 * CVE-2020-10749), and the link-local address does not wait for a second to find that nobody else
 * has it, since the MAC it follows from is unique here (duplicate address detection, RFC 4862, 5.4).
 */
export const QUIET = ['accept_ra', 'accept_dad'] as const;

/** Settings, addresses, up, and routes; the default ones are the sandbox's (net/routing/way-out.ts). */
export function configureInside(endpoint: Endpoint, network: Network, inside: Rtnetlink): void {
  const { ifname, addresses, sandbox, routes = [] } = endpoint;
  inNetns(sandbox.path, () => {
    const settings = Object.entries(settingsOf(endpoint, network));
    for (const [path, value] of settings) ensureSysctl(path, value);
  });
  const link = inside.link(ifname)?.index ?? ifname;
  inside.batch(() => {
    for (const { address, prefix } of addresses) {
      inside.addAddress(link, { address, prefix, nodad: !isIPv4(address) });
    }
    inside.setLink(link, { up: true });
    for (const route of routes) inside.addRoute({ ...route, link });
  });
}

/**
 * As Docker does: a network without IPv6 has no link-local way around its rules either. What an
 * endpoint is told of its own comes last, and counts.
 */
function settingsOf(endpoint: Endpoint, { subnets }: Network): Record<string, string> {
  const { ifname, sysctls = {} } = endpoint;
  const settings = `ipv6/conf/${ifname}`;
  const hasIPv6 = subnets.some(({ subnet }) => subnet.includes(':'));
  return {
    ...(hasIPv6
      ? Object.fromEntries(QUIET.map((setting) => [`${settings}/${setting}`, '0']))
      : { [`${settings}/disable_ipv6`]: '1' }),
    ...sysctlPaths(ifname, sysctls),
  };
}

/** How the link, which is there, differs from what `configureInside` makes of it. */
export function interiorDifferences(
  endpoint: Endpoint,
  network: Network,
  inside: Rtnetlink,
): Difference[] {
  const { ifname, owner, addresses, mac, mtu, sandbox, routes = [] } = endpoint;
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
    ...missingRoutes(link.index, routes, inside).map((route) =>
      differs('route', `lacks its route ${formatRoute(route)}`, (inside) =>
        inside.addRoute({ ...route, link: ifname }),
      ),
    ),
  ];
}

function missingRoutes(
  link: number,
  wanted: readonly EndpointRoute[],
  inside: Rtnetlink,
): EndpointRoute[] {
  if (wanted.length === 0) return [];
  const present = inside
    .routes()
    .filter((route) => route.table === MAIN_TABLE && route.link === link);
  return wanted.filter(
    ({ destination, gateway, metric }) =>
      !present.some(
        (route) =>
          route.destination === destination &&
          route.gateway === gateway &&
          (metric === undefined || route.metric === metric),
      ),
  );
}
