/**
 * A machine for a test to play with: a network namespace of its own, with its own --root and --run,
 * on the real kernel. Nothing in it can touch the machine that runs the test.
 */
import { type ExecFileSyncOptions, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inNetns, pinNetns, unpinNetns } from '../../native/netns.ts';

/** One address in each of the two families the outside world speaks. */
export const OUTSIDE_ADDRESS = '192.0.2.1';
export const HOST_ADDRESS = '192.0.2.2';
export const OUTSIDE_ADDRESS6 = '2001:db8::1';
export const HOST_ADDRESS6 = '2001:db8::2';

export interface FakeHost extends Place {
  /** The directories hawser is told as --root and --run; both exist and are empty. */
  root: string;
  run: string;
  /** A scratch directory that goes with the host. */
  dir: string;
  /** The other end of the host's uplink, if it has one. */
  outside: Place | undefined;
  /** HAWSER_ROOT and HAWSER_RUN over the test's own environment. */
  env: NodeJS.ProcessEnv;
  /** Ends the namespaces and removes the directories. */
  dispose(): void;
}

/** A network namespace that a test can do things in. */
export interface Place {
  /** A path that names the network namespace. */
  netns: string;
  /** Runs synchronous work in it, on this thread. */
  inside<T>(work: () => T): T;
  /** Runs a command in it and returns what it printed; throws if the command fails. */
  exec(argv: string[], options?: ExecFileSyncOptions): string;
  /** The argv that runs a command in it, for those who spawn it themselves. */
  argv(argv: string[]): string[];
}

/**
 * @param options.uplink gives the host `eth0` (192.0.2.2/24, 2001:db8::2/64) with a default route to a
 *   second namespace that plays the outside world (192.0.2.1, 2001:db8::1) and knows no way back to
 *   anything behind the host, so that only masqueraded traffic is answered.
 */
export function makeFakeHost(options: { uplink?: boolean } = {}): FakeHost {
  const dir = mkdtempSync(join(tmpdir(), 'hawser-test-'));
  const root = join(dir, 'root');
  const run = join(dir, 'run');
  mkdirSync(root);
  mkdirSync(run);
  const pins = [join(dir, 'host.netns'), join(dir, 'outside.netns')] as const;
  const dispose = (): void => {
    for (const pin of pins) unpinNetns(pin);
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    pinNetns(pins[0]);
    const host = place(pins[0]);
    let outside: Place | undefined;
    if (options.uplink) {
      pinNetns(pins[1]);
      outside = place(pins[1]);
      connect(host, outside);
    }
    const env = { ...process.env, HAWSER_ROOT: root, HAWSER_RUN: run };
    return { ...host, root, run, dir, outside, env, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Wraps a namespace that a test made by other means. */
export function place(netns: string): Place {
  const argv = (command: string[]): string[] => ['nsenter', `--net=${netns}`, '--', ...command];
  return {
    netns,
    // Excursions refuse promises by themselves; a test's T is whatever the test says.
    inside: (work) => inNetns<unknown>(netns, work) as ReturnType<typeof work>,
    argv,
    exec(command, options = {}) {
      const [file = '', ...args] = argv(command);
      return execFileSync(file, args, {
        timeout: 20_000,
        stdio: 'pipe',
        ...options,
        encoding: 'utf8',
      });
    },
  };
}

function connect(host: Place, outside: Place): void {
  const batch = (at: Place, lines: string[]): void => {
    at.exec(['ip', '-batch', '-'], { input: lines.join('\n') });
  };
  batch(host, [
    `link add eth0 type veth peer name eth0 netns ${outside.netns}`,
    `address add ${HOST_ADDRESS}/24 dev eth0`,
    `address add ${HOST_ADDRESS6}/64 dev eth0 nodad`,
    'link set eth0 up',
  ]);
  batch(outside, [
    `address add ${OUTSIDE_ADDRESS}/24 dev eth0`,
    `address add ${OUTSIDE_ADDRESS6}/64 dev eth0 nodad`,
    'link set eth0 up',
  ]);
  batch(host, [
    `route add default via ${OUTSIDE_ADDRESS}`,
    `route add default via ${OUTSIDE_ADDRESS6}`,
  ]);
}
