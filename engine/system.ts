import { type Difference, mended } from '../net/repair/difference.ts';
import type { ReconcileOptions, Repair } from '../net/request.ts';
import { answererLives, answerNames, dismissAnswerer, ensureAnswerer } from './answerer.ts';
import { ownSandbox } from './containers/sandbox.ts';
import { hasEnded, settleContainer } from './containers/settle.ts';
import { removeContainer } from './containers/stop.ts';
import type { Context } from './context.ts';
import type { System } from './engine.ts';
import { systemInfo } from './info.ts';
import { pinDifference, unpinned } from './pins.ts';
import { removeTree } from './remove-tree.ts';
import { strays } from './sweep.ts';

export function openSystem(context: Context): System {
  return {
    info: () => systemInfo(context),
    pools: context.networking.pools,
    reconcile: (options = {}) => reconcile(context, options),
    reload: () => context.networking.reload(),
    answerNames: () => answerNames(context),
    reset: () => reset(context),
  };
}

/**
 * One transaction: nobody else is halfway through anything while it looks. What is in a namespace whose
 * pin was lost, and at its ends on the host, shows only when that is there again.
 */
function reconcile(context: Context, { dryRun = false }: ReconcileOptions): Repair[] {
  const { store } = context;
  return store.transaction(() => {
    const hidden = unpinned(context).length > 0;
    const first = mended(differences(context), store, dryRun);
    if (dryRun || !hidden) return first;
    const told = new Set(first.map(({ what }) => what));
    const behind = differences(context).filter(({ what }) => !told.has(what));
    return [...first, ...mended(behind, store, dryRun)];
  });
}

/** Ends first, then the network, then what is left over: each makes the next one's mending clear. */
function differences(context: Context): Difference[] {
  const { images, networking, records } = context;
  const all = records.all();
  const ended = all.filter((record) => hasEnded(context, record));
  const loose = unpinned(context);
  const sandboxes = all
    .filter(({ network }) => network.mode.kind === 'own')
    .map((record) => ownSandbox(context, record));
  return [
    ...ended.map(({ id, name }) => ({
      kind: 'container',
      what: `container ${name}: its process is gone`,
      mend: () => settleContainer(context, id),
    })),
    ...loose.map((record) => pinDifference(context, record)),
    ...networking.differences(sandboxes, new Set(loose.map(({ id }) => id))),
    ...strays(context),
    ...images.leftovers(),
    ...ofAnswerer(context),
  ];
}

function ofAnswerer(context: Context): Difference[] {
  const isNamed = context.networking.endpoints().some(({ names }) => names.length > 0);
  if (!isNamed || answererLives(context)) return [];
  const mend = () => void ensureAnswerer(context);
  return [{ kind: 'names', what: 'the process that answers names is gone', mend }];
}

async function reset(context: Context): Promise<void> {
  const { networking, paths, records, store } = context;
  for (const { id } of records.all()) await removeContainer(context, id, { force: true });
  networking.teardown();
  await dismissAnswerer(context);
  for (const { mend } of strays(context)) mend();
  context.cgroups().remove(context.cgroupParent);
  store.close();
  removeTree(paths.root);
  removeTree(paths.run);
}
