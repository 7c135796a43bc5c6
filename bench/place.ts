/** Where the benchmarks run hawser: a state of their own that goes away with them. */
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/open.ts';
import { packageRoot } from '../engine/paths.ts';

export interface Place {
  engine: Engine;
  /** A tar of busybox's root filesystem, which is also imported as `busybox`. */
  tar: string;
  /** Its --run. */
  run: string;
  /** Runs bin/hawser on this state; throws with what it said if it fails. */
  hawser(...args: string[]): string;
  dispose(): Promise<void>;
}

export async function makePlace(): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), 'hawser-bench-'));
  const tar = join(directory, 'busybox.tar');
  const root = join(directory, 'root');
  const run = join(directory, 'run');
  execFileSync(join(packageRoot(), 'scripts/busybox-image.sh'), [tar], { stdio: 'pipe' });
  const engine = openEngine({ root, run, cgroupParent: 'hawser-bench' });
  await engine.images.import(createReadStream(tar), 'busybox');

  const program = join(packageRoot(), 'bin/hawser');
  const env = {
    ...process.env,
    HAWSER_ROOT: root,
    HAWSER_RUN: run,
    HAWSER_CGROUP_PARENT: 'hawser-bench',
  };
  return {
    engine,
    tar,
    run,
    hawser: (...args) => execFileSync(program, args, { env, encoding: 'utf8', stdio: 'pipe' }),
    async dispose() {
      await engine.system.reset();
      engine.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
