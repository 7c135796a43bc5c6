/** The built program in a fake host, as a person would use it. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Container } from '../../engine/container.ts';
import { openCgroups } from '../../runtime/cgroup/open.ts';
import { makeBusyboxTar } from './busybox.ts';
import { type FakeHost, makeFakeHost, type Place, place } from './fakehost.ts';
import { type Traces, tracesOf } from './traces.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'hawser');

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Hawser {
  host: FakeHost;
  /** The parent of its containers' cgroups. */
  cgroup: string;
  /** The environment that makes a process work on this host's state. */
  env: NodeJS.ProcessEnv;
  /**
   * Runs `hawser ARGS` to its end, whatever that is.
   *
   * @param by a command that executes it, as `['setpriv', '--reuid=65534', '--']`
   */
  try(args: string[], input?: string | Buffer, by?: string[]): Outcome;
  /** Runs `hawser ARGS`, which must succeed; returns what it printed, trimmed. */
  run(...args: string[]): string;
  /** The same beside others: it does not stand in their way. */
  runs(...args: string[]): Promise<string>;
  /** What `hawser inspect NAME` says of one container. */
  inspect(name: string): Container;
  /** The network namespace that a running container's process is in. */
  inside(name: string): Place;
  /** What is there of hawser's doing, to be compared. */
  traces(): Traces;
  /** The same where no container is left, once the kernel is done with those that were. */
  settled(): Promise<Traces>;
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
  const argv = (args: string[], by: string[] = []) => {
    const [file = '', ...rest] = host.argv([...by, PROGRAM, ...args]);
    return { file, rest };
  };

  const attempt: Hawser['try'] = (args, input = '', by = []) => {
    const { file, rest } = argv(args, by);
    const { status, stdout, stderr, error } = spawnSync(file, rest, {
      env,
      input,
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (error) throw error;
    return { code: status, stdout, stderr };
  };

  const run: Hawser['run'] = (...args) => printed(args, attempt(args));
  const inspect: Hawser['inspect'] = (name) => {
    const [container]: Container[] = JSON.parse(run('inspect', name));
    if (container === undefined) throw new Error(`inspect ${name}: nothing was printed`);
    return container;
  };

  return {
    host,
    cgroup,
    env,
    try: attempt,
    run,
    inspect,
    runs(...args) {
      const { file, rest } = argv(args);
      return new Promise<Outcome>((resolve) => {
        const child = execFile(file, rest, { env, timeout: 60_000 }, (_, stdout, stderr) => {
          resolve({ code: child.exitCode, stdout, stderr });
        });
      }).then((outcome) => printed(args, outcome));
    },
    inside: (name) => place(`/proc/${inspect(name).state.pid}/ns/net`),
    traces: () => tracesOf(host, cgroup),
    async settled() {
      for (let tries = 0; tries < 100; tries++) {
        const traces = tracesOf(host, cgroup);
        if (!traces.network.some((line) => line.startsWith('link hv'))) return traces;
        await setTimeout(50);
      }
      throw new Error('a link of a container is left after its end');
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

/** What a command that must succeed has printed. */
function printed(args: string[], { code, stdout, stderr }: Outcome): string {
  if (code !== 0) throw new Error(`hawser ${args.join(' ')}: exit ${code}\n${stderr}${stdout}`);
  return stdout.trim();
}
