/** The built program in a fake host, as a person would use it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { openCgroups } from '../../runtime/cgroup/cgroup.ts';
import { makeBusyboxTar } from './busybox.ts';
import { type FakeHost, makeFakeHost } from './fakehost.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'hawser');

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Hawser {
  host: FakeHost;
  /** Runs `hawser ARGS` to its end, whatever that is. */
  try(args: string[], input?: string): Outcome;
  /** Runs `hawser ARGS`, which must succeed; returns what it printed, trimmed. */
  run(...args: string[]): string;
  /** Starts `hawser ARGS` and leaves it running. */
  spawn(args: string[]): ChildProcess;
  /** Imports the machine's busybox as the image `busybox`. */
  importBusybox(): void;
  /** Removes everything, and the host. */
  dispose(): void;
}

export function makeHawser(options: { uplink?: boolean } = {}): Hawser {
  const host = makeFakeHost(options);
  const cgroup = `hawser-test-${randomBytes(4).toString('hex')}`;
  const env = { ...host.env, HAWSER_CGROUP_PARENT: cgroup, NO_COLOR: '1' };
  const argv = (args: string[]) => {
    const [file = '', ...rest] = host.argv([PROGRAM, ...args]);
    return { file, rest };
  };

  const attempt: Hawser['try'] = (args, input = '') => {
    const { file, rest } = argv(args);
    const { status, stdout, stderr, error } = spawnSync(file, rest, {
      env,
      input,
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (error) throw error;
    return { code: status, stdout, stderr };
  };

  return {
    host,
    try: attempt,
    run(...args) {
      const { code, stdout, stderr } = attempt(args);
      if (code !== 0) throw new Error(`hawser ${args.join(' ')}: exit ${code}\n${stderr}${stdout}`);
      return stdout.trim();
    },
    spawn(args) {
      const { file, rest } = argv(args);
      return spawn(file, rest, { env, stdio: 'pipe' });
    },
    importBusybox() {
      const { code, stderr } = attempt(['image', 'import', makeBusyboxTar(host.dir), 'busybox']);
      if (code !== 0) throw new Error(`import busybox: ${stderr}`);
    },
    dispose() {
      try {
        attempt(['system', 'reset', '--force']);
      } finally {
        openCgroups().remove(cgroup);
        host.dispose();
      }
    },
  };
}
