import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { unpinNetns } from '../native/netns.ts';
import type { Difference } from '../net/repair/difference.ts';
import type { Context } from './context.ts';
import { removeTree } from './remove-tree.ts';

/**
 * What crashed processes have left and no container needs: pinned namespaces, directories and
 * cgroups. To be called under the writer's lock, where nobody is halfway through making one. What a
 * container holds that has ended without anybody having written it down is for that to give back.
 */
export function strays(context: Context): Difference[] {
  const { paths, records, cgroupParent } = context;
  const cgroups = context.cgroups();
  const all = records.all();
  const known = new Set(all.map(({ id }) => id));
  const live = all
    .filter(({ state }) => state.status === 'running' || state.status === 'starting')
    .map(({ id }) => id);
  const held = new Set(
    live.map((id) => paths.container(id)).flatMap(({ sandbox, ephemeral }) => [sandbox, ephemeral]),
  );
  const isHeld = (path: string) => held.has(path);
  const isLive = (path: string) => live.includes(basename(path));
  const isKnown = (path: string) => known.has(basename(path));
  return [
    ...unneeded('sandbox', 'pinned namespace', entries(paths.sandboxes), isHeld, unpinNetns),
    ...unneeded('run', 'run directory', entries(paths.containers.ephemeral), isHeld, removeTree),
    ...unneeded(
      'container',
      'container directory',
      entries(paths.containers.durable),
      isKnown,
      removeTree,
    ),
    ...unneeded('cgroup', 'cgroup', cgroups.children(cgroupParent), isLive, cgroups.remove),
  ];
}

function unneeded(
  kind: string,
  noun: string,
  paths: string[],
  isNeeded: (path: string) => boolean,
  discard: (path: string) => void,
): Difference[] {
  return paths
    .filter((path) => !isNeeded(path))
    .map((path) => ({
      kind,
      what: `${noun} ${path} belongs to no container`,
      mend: () => discard(path),
    }));
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
