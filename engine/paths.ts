import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HawserError } from '../errors.ts';
import { makeTree } from './make-tree.ts';

/** Where everything lies; the only place that knows the layout of --root and --run. */
export interface Paths {
  root: string;
  run: string;
  /** The store's directory. */
  state: string;
  seccompCache: string;
  container(id: string): ContainerPaths;
  /** The directory of all containers' durable files, and of all containers' ephemeral ones. */
  containers: { durable: string; ephemeral: string };
  /** Pins of network namespaces. */
  sandboxes: string;
  /** Of the process that answers names: the file it holds locked while it lives, and its last words. */
  names: { lock: string; log: string };
}

export interface ContainerPaths {
  durable: string;
  upper: string;
  work: string;
  mountpoint: string;
  log: string;
  hosts: string;
  hostname: string;
  resolvConf: string;
  ephemeral: string;
  socket: string;
  pid: string;
  exit: string;
  sandbox: string;
  exec(id: string): { directory: string; socket: string; pid: string; exit: string };
}

/** sun_path of unix(7), less the terminating zero. */
const LONGEST_SOCKET_PATH = 107;
/** Enough of an id to be unique in one state directory, and short enough for a socket's path. */
const SHORT = 16;

export function layout(options: { root?: string | undefined; run?: string | undefined }): Paths {
  const root = place('--root', options.root, process.env.HAWSER_ROOT, '/var/lib/hawser');
  const run = place('--run', options.run, process.env.HAWSER_RUN, '/run/hawser');
  const containers = { durable: join(root, 'containers'), ephemeral: join(run, 'containers') };
  const sandboxes = join(run, 'netns');
  const longest = join(containers.ephemeral, 'x'.repeat(SHORT), 'exec-12345678', 'socket');
  if (longest.length > LONGEST_SOCKET_PATH) {
    const excess = longest.length - LONGEST_SOCKET_PATH;
    throw new HawserError(
      'invalid',
      `use ${run} for --run: it is ${excess} characters too long for the sockets in it`,
    );
  }

  return {
    root,
    run,
    containers,
    sandboxes,
    names: { lock: join(run, 'names', 'lock'), log: join(run, 'names', 'log') },
    state: join(root, 'state'),
    seccompCache: join(root, 'seccomp'),
    container(id) {
      const durable = join(containers.durable, id);
      const ephemeral = join(containers.ephemeral, id.slice(0, SHORT));
      return {
        durable,
        upper: join(durable, 'upper'),
        work: join(durable, 'work'),
        mountpoint: join(durable, 'rootfs'),
        log: join(durable, 'log'),
        hosts: join(durable, 'hosts'),
        hostname: join(durable, 'hostname'),
        resolvConf: join(durable, 'resolv.conf'),
        ephemeral,
        socket: join(ephemeral, 'socket'),
        pid: join(ephemeral, 'pid'),
        exit: join(ephemeral, 'exit'),
        sandbox: join(sandboxes, id.slice(0, SHORT)),
        exec(exec) {
          const directory = join(ephemeral, `exec-${exec}`);
          return {
            directory,
            socket: join(directory, 'socket'),
            pid: join(directory, 'pid'),
            exit: join(directory, 'exit'),
          };
        },
      };
    },
  };
}

/** An absolute path: what is asked for, else what the environment says, if it says anything. */
function place(
  option: string,
  asked: string | undefined,
  environment: string | undefined,
  otherwise: string,
): string {
  if (asked !== '') return resolve(asked ?? (environment || otherwise));
  throw new HawserError('invalid', `${option} "": a directory has a name`);
}

/** Makes a directory that only root may enter. */
export function ensurePrivate(directory: string): void {
  try {
    makeTree(directory, 0o700);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const isFile = code === 'EEXIST' || code === 'ENOTDIR';
    const words = cause instanceof Error ? cause.message : String(cause);
    const why = isFile ? 'there is a file in the way' : words;
    throw new HawserError('invalid', `make the directory ${directory}: ${why}`, { cause });
  }
}

/** A root that holds other things, and no state, is not hawser's to write in. */
export function refuseForeignRoot({ root, state, containers, seccompCache }: Paths): void {
  ensurePrivate(root);
  const ours = [state, containers.durable, seccompCache, join(root, 'layers')];
  if (readdirSync(root).every((name) => ours.includes(join(root, name)))) return;
  if (existsSync(state)) return;
  throw new HawserError(
    'corrupt',
    `use ${root} as --root: it holds other things, and none of hawser's state`,
    {
      hint: 'name an empty directory, or one that does not exist',
    },
  );
}

/** The directory that holds package.json, from the sources as well as from the bundle. */
export function packageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory)
      throw new HawserError('corrupt', 'find hawser: its package.json is gone');
    directory = parent;
  }
  return directory;
}
