/** The whole at once: the table rebuilt, or everything gone. */
import { Rtnetlink } from '../native/rtnetlink/rtnetlink.ts';
import type { NetContext } from './context.ts';
import { letGo } from './detach.ts';
import { fitIn } from './firewall/beside.ts';
import { unmakeNetwork } from './networks.ts';
import { expectedElements } from './repair/truth.ts';

/** Rebuilds the firewall's table from the store, in one transaction. */
export function reload(context: NetContext): void {
  const { store, records, firewall } = context;
  store.transaction(() => {
    firewall.rebuild(expectedElements(records));
    fitIn(context);
  });
}

/** Removes every endpoint and every network, and the table last, so that nothing is open between. */
export function teardown(context: NetContext): void {
  const { store, records, firewall } = context;
  store.transaction(() => {
    using rtnl = Rtnetlink.open();
    for (const endpoint of records.endpoints()) letGo(context, endpoint, rtnl);
    for (const network of records.networks()) unmakeNetwork(context, network, rtnl);
    firewall.destroy();
  });
}
