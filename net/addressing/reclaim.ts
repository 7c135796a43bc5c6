/** What the dead hold, taken back by whoever finds nothing left. */
import { HawserError } from '../../errors.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import type { NetContext } from '../context.ts';
import { letGo } from '../detach.ts';
import type { Network } from '../model.ts';
import { poolId } from '../networks.ts';
import { causeOfDeath } from './proof.ts';

/**
 * Does `work`, which takes addresses and ports; if there is none left, or somebody has what it wants,
 * the endpoints whose sandboxes are dead are let go, and it is tried once more.
 */
export function underPressure<T>(context: NetContext, network: () => Network, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const isWant =
      error instanceof HawserError && (error.code === 'exhausted' || error.code === 'taken');
    if (!isWant || !reclaim(context, network())) throw error;
    return work();
  }
}

/** Lets the dead go, on all networks since they may hold ports as well; false if there were none. */
function reclaim(context: NetContext, network: Network): boolean {
  const { ipam, records, note } = context;
  // A transaction of its own: the dead stay gone, whatever becomes of what is tried next.
  return context.store.transaction(() => {
    using rtnl = Rtnetlink.open();
    const dead = records.endpoints().flatMap((endpoint) => {
      const cause = causeOfDeath(context, endpoint);
      return cause === undefined ? [] : [{ endpoint, cause }];
    });
    for (const { endpoint, cause } of dead) {
      const failures = letGo(context, endpoint, rtnl);
      const { owner, ifname, addresses } = endpoint;
      const what = addresses.map(({ address }) => address).join(' and ');
      note(`took ${what} back from ${owner} (${ifname}): ${[cause, ...failures].join('; ')}`);
    }
    const stray = network.subnets.flatMap(({ subnet }) =>
      ipam.reclaim(poolId(network.id, subnet), (owner) => records.endpoint(owner) !== undefined),
    );
    return dead.length + stray.length > 0;
  });
}
