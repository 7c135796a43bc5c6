import type { Rtnetlink } from '../native/rtnetlink/rtnetlink.ts';

const ETHERNET = 1500;

/**
 * The MTU (bytes) of the link that the host's default route leaves by: a larger one in a container
 * would have its packets fragmented or lost on the way out. Ethernet's if there is no such route.
 */
export function defaultRouteMtu(rtnl: Rtnetlink): number {
  const route = rtnl
    .routes({ family: 4 })
    .filter(({ destination }) => destination === 'default')
    .sort((a, b) => a.metric - b.metric)[0];
  return rtnl.links().find(({ index }) => index === route?.link)?.mtu ?? ETHERNET;
}
