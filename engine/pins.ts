import { isPinned, repinNetns } from '../native/netns.ts';
import type { Difference } from '../net/repair/difference.ts';
import type { ContainerRecord } from './container.ts';
import { ownSandbox } from './containers/sandbox.ts';
import type { Context } from './context.ts';
import { isAlive } from './liveness.ts';

/** Containers that run in a network namespace of their own, which nobody pins any more. */
export function unpinned(context: Context): ContainerRecord[] {
  return context.records
    .all()
    .filter(
      (record) =>
        record.network.mode.kind === 'own' &&
        isAlive(record, context.paths) &&
        !isPinned(ownSandbox(context, record).path),
    );
}

/** As long as its process lives, the namespace does, and can be pinned again. */
export function pinDifference(context: Context, record: ContainerRecord): Difference {
  return {
    kind: 'sandbox',
    what: `container ${record.name}: its network namespace is not pinned`,
    mend: () => repinNetns(`/proc/${record.state.pid}/ns/net`, ownSandbox(context, record).path),
  };
}
