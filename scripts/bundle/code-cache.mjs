// Keeps the byte code of the functions that common commands run (V8's code cache), for bin/hawser.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Anybody may run these, and they touch nothing but an empty state of their own. */
const harmless = [
  '--version',
  'run --help',
  'ps',
  'network ls',
  'image ls',
  // Gets as far as the image, which is not there.
  'run --rm --network host --publish 8080:80 --env A=1 image command',
];

/** Root's: containers, in a network namespace and a state of their own. */
const containers = [
  'run --rm --publish 8080:80 busybox true',
  'run --rm --network host busybox true',
  'run --detach --name container --network none busybox sleep 60',
  'exec container true',
  'rm --force container',
  'system reset --force',
];

/**
 * Runs the commands one after the other, each adding to what the ones before it left. None of them
 * has to succeed: a machine that cannot run containers builds a program that starts a little later.
 */
export function writeCodeCache(program) {
  const state = mkdtempSync(join(tmpdir(), 'hawser-build-'));
  const env = {
    ...process.env,
    HAWSER_ROOT: join(state, 'root'),
    HAWSER_RUN: join(state, 'run'),
    HAWSER_CGROUP_PARENT: 'hawser-build',
  };
  const tar = join(state, 'busybox.tar');
  const run = (...argv) =>
    spawnSync(argv[0], argv.slice(1), { env, stdio: 'ignore', timeout: 120_000 });
  // The words of each command are split by the shell.
  const train = `for command; do ${process.execPath} scripts/bundle/train.cjs ${program} $command; done`;
  try {
    run('sh', '-c', train, 'sh', ...harmless);
    if (process.geteuid() !== 0) return;
    run('scripts/busybox-image.sh', tar);
    const commands = [`image import ${tar} busybox`, ...containers];
    run('unshare', '--net', 'sh', '-c', train, 'sh', ...commands);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}
