import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { unpinNetns } from '../native/netns.ts';
import type { Repair } from '../net/request.ts';
import type { Context } from './context.ts';
import { isAlive, isStarting } from './liveness.ts';
import { removeTree } from './remove-tree.ts';

/**
 * Removes what crashed processes have left and no container needs: pinned namespaces, directories
 * and cgroups. It runs under the writer's lock, where nobody is halfway through making one.
 */
export function sweep(context: Context): Repair[] {
  const { paths, records, store, cgroupParent } = context;
  const cgroups = context.cgroups();
  return store.transaction(() => {
    const all = records.all();
    const live = all.filter((record) => isAlive(record, paths) || isStarting(record));
    const known = new Set(all.map(({ id }) => id));
    const alive = new Set(live.map(({ id }) => id));
    const held = new Set(
      live
        .map(({ id }) => paths.container(id))
        .flatMap(({ sandbox, ephemeral }) => [sandbox, ephemeral]),
    );

    return [
      ...remove(
        'sandbox',
        'pinned namespace',
        entries(paths.sandboxes),
        (path) => held.has(path),
        unpinNetns,
      ),
      ...remove(
        'run',
        'run directory',
        entries(paths.containers.ephemeral),
        (path) => held.has(path),
        removeTree,
      ),
      ...remove(
        'container',
        'container directory',
        entries(paths.containers.durable),
        (path) => known.has(basename(path)),
        removeTree,
      ),
      ...remove(
        'cgroup',
        'cgroup',
        cgroups.children(cgroupParent),
        (path) => alive.has(basename(path)),
        cgroups.remove,
      ),
    ];
  });
}

function remove(
  kind: string,
  noun: string,
  paths: string[],
  isNeeded: (path: string) => boolean,
  discard: (path: string) => void,
): Repair[] {
  return paths
    .filter((path) => !isNeeded(path))
    .map((path) => {
      discard(path);
      return { kind, what: `removed ${noun} ${path}: no container has it` };
    });
}

/** The paths in a directory; none if it does not exist. */
function entries(directory: string): string[] {
  try {
    return readdirSync(directory).map((name) => join(directory, name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
