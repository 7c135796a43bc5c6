import type { Link } from '../../native/rtnetlink/link.ts';
import type { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';

const ETHERNET = 1500;

/** The link that the host's default route leaves by: IPv4's, or without one IPv6's. */
export function defaultRouteLink(rtnl: Rtnetlink): Link | undefined {
  const route = ([4, 6] as const)
    .flatMap((family) => rtnl.routes({ family }).sort((a, b) => a.metric - b.metric))
    .find(({ destination }) => destination === 'default');
  return route?.link === undefined ? undefined : rtnl.link(route.link);
}

/**
 * The MTU (bytes) of that link: a larger one in a container would have its packets fragmented or
 * lost on the way out. Ethernet's if there is no such route.
 */
export function defaultRouteMtu(rtnl: Rtnetlink): number {
  return defaultRouteLink(rtnl)?.mtu ?? ETHERNET;
}
