/** What networks and endpoints have carried, as the kernel counts. */
import { isPinned } from '../native/netns.ts';
import { Rtnetlink } from '../native/rtnetlink/rtnetlink.ts';
import type { Counters, Endpoint, Network } from './model.ts';

/** An endpoint's, as its container sees them; undefined if its interface is gone. */
export function endpointCounters({ sandbox, ifname }: Endpoint): Counters | undefined {
  if (!isPinned(sandbox.path)) return undefined;
  using inside = Rtnetlink.open(sandbox.path);
  return inside.counters(ifname);
}

/**
 * What the host has exchanged with each network, by the network's id: its bridge's own counters.
 * Frames from one container to another are not among them, nor has a network without a bridge any.
 */
export function networkCounters(
  networks: readonly Pick<Network, 'id' | 'bridge'>[],
): Map<string, Counters> {
  const found = new Map<string, Counters>();
  if (networks.every(({ bridge }) => bridge === undefined)) return found;
  using rtnl = Rtnetlink.open();
  const all = rtnl.allCounters();
  for (const { id, bridge = '' } of networks) {
    const counters = all.get(bridge);
    if (counters !== undefined) found.set(id, counters);
  }
  return found;
}
