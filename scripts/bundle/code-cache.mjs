// Keeps the byte code of the functions that common commands run (V8's code cache), for bin/hawser.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Commands whose functions are worth keeping. Each adds to what the one before it left. They work on
 * an empty state of their own and touch nothing else, so that anybody may build.
 */
const training = [
  '--version',
  'run --help',
  'ps',
  'network ls',
  'image ls',
  // Gets as far as the image, which is not there.
  'run --rm --network host --publish 8080:80 --env A=1 image command',
];

export function writeCodeCache(program) {
  const state = mkdtempSync(join(tmpdir(), 'hawser-build-'));
  const env = { ...process.env, HAWSER_ROOT: join(state, 'root'), HAWSER_RUN: join(state, 'run') };
  try {
    for (const command of training)
      spawnSync(process.execPath, ['scripts/bundle/train.cjs', program, ...command.split(' ')], {
        env,
        stdio: 'ignore',
      });
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}
