import type { Repair } from '../net/request.ts';
import { answerNames, dismissAnswerer, ensureAnswerer } from './answerer.ts';
import { ownSandbox } from './containers/sandbox.ts';
import { settleContainer } from './containers/settle.ts';
import { removeContainer } from './containers/stop.ts';
import type { Context } from './context.ts';
import type { System } from './engine.ts';
import { systemInfo } from './info.ts';
import { isAlive, isStarting } from './liveness.ts';
import { removeTree } from './remove-tree.ts';
import { sweep } from './sweep.ts';

export function openSystem(context: Context): System {
  return {
    info: () => systemInfo(context),
    reconcile: () => reconcile(context),
    reload: () => context.networking.reload(),
    answerNames: () => answerNames(context),
    reset: () => reset(context),
  };
}

/** Ends first, then the network, then what is left over: each step makes the next one's work clear. */
function reconcile(context: Context): Repair[] {
  const { images, networking, paths, records } = context;
  const ended: Repair[] = [];
  for (const record of records.all()) {
    const { status } = record.state;
    if (status === 'created' || status === 'exited') continue;
    if (isAlive(record, paths) || isStarting(record)) continue;
    settleContainer(context, record.id);
    ended.push({
      kind: 'container',
      what: `settled container ${record.name}: its process is gone`,
    });
  }
  const sandboxes = records
    .all()
    .filter(({ network }) => network.mode.kind === 'own')
    .map((record) => ownSandbox(context, record));
  const mended = [
    ...ended,
    ...networking.reconcile(sandboxes),
    ...sweep(context),
    ...images.sweep(),
  ];
  const isNamed = networking.endpoints().some(({ names }) => names.length > 0);
  if (isNamed && ensureAnswerer(context)) {
    mended.push({ kind: 'names', what: 'started what answers names: it was gone' });
  }
  return mended;
}

async function reset(context: Context): Promise<void> {
  const { networking, paths, records, store } = context;
  for (const { id } of records.all()) await removeContainer(context, id, { force: true });
  networking.teardown();
  await dismissAnswerer(context);
  sweep(context);
  context.cgroups().remove(context.cgroupParent);
  store.close();
  removeTree(paths.root);
  removeTree(paths.run);
}
