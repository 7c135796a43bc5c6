/** A busybox container for the launcher's tests: directories, and the plan to run a command in it. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Capabilities, Plan, PlanStep, Supervision } from '../../native/plan.ts';

const APPLETS = ['sh', 'cat', 'echo', 'sleep', 'true', 'ls', 'stty', 'id', 'ps', 'head', 'yes'];

/** The capabilities that Docker leaves to root, as a mask (capability(7)). */
export const DOCKER_CAPABILITIES = 0xa80425fbn;

export interface Box {
  directory: string;
  lower: string;
  supervision: Supervision;
  /** Removes everything; the container must have ended. */
  remove(): void;
}

export function makeBox(): Box {
  const directory = mkdtempSync(join(tmpdir(), 'hawser-launcher-'));
  const lower = join(directory, 'lower');
  for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp']) {
    mkdirSync(join(lower, name), { recursive: true });
  }
  copyFileSync('/bin/busybox', join(lower, 'bin/busybox'));
  for (const name of APPLETS) symlinkSync('busybox', join(lower, 'bin', name));
  for (const name of ['upper', 'work', 'root', 'run']) mkdirSync(join(directory, name));
  const run = (name: string) => join(directory, 'run', name);
  return {
    directory,
    lower,
    supervision: {
      socket: run('monitor.sock'),
      exit: run('exit.json'),
      pid: run('pid.json'),
      log: run('log'),
      ports: [],
      onExit: [],
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

export interface Command {
  args: string[];
  stdin?: boolean;
  tty?: boolean;
  env?: string[];
  /** Steps between the mounting of the root and the change to it. */
  mounts?: PlanStep[];
  /** Steps just before exec, in place of root's credentials. */
  identity?: PlanStep[];
  supervision?: Partial<Supervision>;
  cgroups?: string[];
}

export function capabilities(mask: bigint): Capabilities {
  return { bounding: mask, effective: mask, permitted: mask, inheritable: 0n, ambient: 0n };
}

export const root: PlanStep = {
  step: 'credentials',
  uid: 0,
  gid: 0,
  groups: [0],
  capabilities: capabilities(DOCKER_CAPABILITIES),
};

const device = (name: string, major: number, minor: number): PlanStep => ({
  step: 'mknod',
  target: `/dev/${name}`,
  kind: 'char',
  major,
  minor,
  mode: 0o666,
});

export function containerPlan(box: Box, command: Command): Plan {
  const { directory, lower } = box;
  return {
    namespaces: ['pid', 'mount', 'uts', 'ipc', 'net', 'cgroup'],
    join: [],
    cgroups: command.cgroups ?? [],
    stdin: command.stdin ?? false,
    supervision: { ...box.supervision, ...command.supervision },
    steps: [
      { step: 'propagation', mode: 'private' },
      {
        step: 'overlay',
        lower: [lower],
        upper: join(directory, 'upper'),
        work: join(directory, 'work'),
        mountpoint: join(directory, 'root'),
      },
      { step: 'root', path: join(directory, 'root') },
      { step: 'hostname', name: 'boxed' },
      {
        step: 'mount',
        type: 'proc',
        source: 'proc',
        target: '/proc',
        flags: ['nosuid', 'nodev', 'noexec'],
      },
      {
        step: 'mount',
        type: 'tmpfs',
        source: 'tmpfs',
        target: '/dev',
        flags: ['nosuid', 'strictatime'],
        data: 'mode=755,size=65536k',
      },
      device('null', 1, 3),
      device('zero', 1, 5),
      device('tty', 5, 0),
      { step: 'symlink', target: '/dev/ptmx', text: 'pts/ptmx' },
      { step: 'symlink', target: '/dev/stdout', text: '/proc/self/fd/1' },
      {
        step: 'mount',
        type: 'devpts',
        source: 'devpts',
        target: '/dev/pts',
        flags: ['nosuid', 'noexec'],
        data: 'newinstance,ptmxmode=0666,mode=0620,gid=5',
      },
      {
        step: 'mount',
        type: 'mqueue',
        source: 'mqueue',
        target: '/dev/mqueue',
        flags: ['nosuid', 'nodev', 'noexec'],
      },
      {
        step: 'mount',
        type: 'sysfs',
        source: 'sysfs',
        target: '/sys',
        flags: ['ro', 'nosuid', 'nodev', 'noexec'],
      },
      ...(command.mounts ?? []),
      ...(command.tty === true
        ? [{ step: 'terminal', rows: 24, columns: 80, console: '/dev/console' } as const]
        : []),
      { step: 'mask', target: '/proc/kcore' },
      { step: 'mask', target: '/sys/firmware' },
      { step: 'mask', target: '/proc/nothing-like-this' },
      { step: 'readonly', target: '/proc/sys' },
      { step: 'pivot-root' },
      { step: 'chdir', path: '/' },
      ...(command.identity ?? [root]),
      { step: 'exec', args: command.args, env: command.env ?? ['PATH=/bin', 'HOME=/'] },
    ],
  };
}

/** A plan to run a command in a container that runs already. */
export function execPlan(
  box: Box,
  enter: { pid: number; start?: bigint },
  command: Omit<Command, 'mounts' | 'cgroups'>,
): Plan {
  const run = (name: string) => join(box.directory, 'run', name);
  return {
    namespaces: [],
    join: [],
    enter,
    cgroups: [],
    stdin: command.stdin ?? false,
    supervision: {
      socket: run('exec.sock'),
      exit: run('exec-exit.json'),
      pid: run('exec-pid.json'),
      ports: [],
      onExit: [],
      ...command.supervision,
    },
    steps: [
      ...(command.tty === true ? [{ step: 'terminal', rows: 24, columns: 80 } as const] : []),
      { step: 'chdir', path: '/' },
      ...(command.identity ?? [root]),
      { step: 'exec', args: command.args, env: command.env ?? ['PATH=/bin', 'HOME=/'] },
    ],
  };
}
