/**
 * The process that answers names for all networks of this host (net/dns): started with the first name,
 * gone with the last, and nobody's to look after. Whoever starts it opens its sockets first, so
 * that a question is not lost while it begins, and hands it the lock by which it is known to live: the
 * kernel gives that back whatever becomes of the process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { listenAnywhere } from '../native/inet.ts';
import { close, flock, LOCK_EX, LOCK_NB, LOCK_SH } from '../native/libc.ts';
import { holder } from '../native/sockets.ts';
import { NODE_FLAGS, serveNames } from '../net/dns/server.ts';
import { NAMES_PORT } from '../net/firewall/skeleton.ts';
import type { Context } from './context.ts';
import { ensurePrivate, packageRoot } from './paths.ts';

/** What it inherits, from descriptor 3 on. */
const LOCK = 3;
const SOCKETS = { udp: 4, tcp: 5 };
/** How long it may take to end when it is told to (ms). */
const ENDING = 5000;

/**
 * Starts it unless it lives. That it cannot be started is a note: containers run without names.
 *
 * @returns whether it was started
 */
export function ensureAnswerer(context: Context): boolean {
  const lock = openLock(context);
  try {
    const isGone = flock(lock, LOCK_EX | LOCK_NB);
    if (isGone) start(context, lock);
    return isGone;
  } catch (error) {
    context.note(
      `names are not answered: ${error instanceof Error ? error.message : error}${rival()}`,
    );
    return false;
  } finally {
    closeSync(lock);
  }
}

function openLock({ paths: { names } }: Context): number {
  if (!existsSync(names.lock)) ensurePrivate(dirname(names.lock));
  return openSync(names.lock, 'a+', 0o600);
}

/** Only looks. */
export function answererLives({ paths }: Context): boolean {
  if (!existsSync(paths.names.lock)) return false;
  const lock = openSync(paths.names.lock, 'r');
  try {
    return !flock(lock, LOCK_SH | LOCK_NB);
  } finally {
    closeSync(lock);
  }
}

/** Starts it anew if it was there and has been killed. */
export function reviveAnswerer(context: Context): void {
  if (recordedPid(context) !== undefined) ensureAnswerer(context);
}

/** Ends it, if it lives, and waits until it has. */
export async function dismissAnswerer(context: Context): Promise<void> {
  const pid = recordedPid(context);
  if (pid === undefined) return;
  const lock = openSync(context.paths.names.lock, 'r');
  try {
    const deadline = Date.now() + ENDING;
    // As long as the lock is held, that pid is nobody else's.
    for (let told = false; !flock(lock, LOCK_EX | LOCK_NB) && Date.now() < deadline; told = true) {
      if (!told) process.kill(pid, 'SIGTERM');
      await setTimeout(5);
    }
  } finally {
    closeSync(lock);
  }
}

/** Its whole work, in the process that was started for it. */
export async function answerNames({ store, paths }: Context): Promise<void> {
  await serveNames({
    store,
    sockets: SOCKETS,
    resolvConf: '/etc/resolv.conf',
    isWanted: () => recordedPidAt(paths.names.lock) === process.pid,
    leave() {
      ftruncateSync(LOCK);
      closeSync(LOCK);
    },
  });
}

function start({ paths, cgroupParent }: Context, lock: number): void {
  const sockets: number[] = [];
  const log = openSync(paths.names.log, 'w', 0o600);
  try {
    for (const protocol of ['udp', 'tcp'] as const) {
      sockets.push(listenAnywhere(protocol, NAMES_PORT));
    }
    const program = join(packageRoot(), 'bin', 'hawser');
    const state = ['--root', paths.root, '--run', paths.run];
    const child = spawn(process.execPath, [...NODE_FLAGS, program, ...state, 'system', 'names'], {
      argv0: 'hawser-names',
      cwd: '/',
      detached: true,
      env: { PATH: process.env.PATH, HAWSER_CGROUP_PARENT: cgroupParent },
      stdio: ['ignore', log, log, lock, ...sockets],
    });
    keep(child, paths.names.lock);
  } finally {
    for (const fd of sockets) close(fd);
    closeSync(log);
  }
}

function keep(child: ChildProcess, lock: string): void {
  // Without a listener the failure to start would end this process.
  child.on('error', () => {});
  if (child.pid !== undefined) writeFileSync(lock, `${child.pid}`);
  child.unref();
}

function recordedPid({ paths }: Context): number | undefined {
  return recordedPidAt(paths.names.lock);
}

function recordedPidAt(lock: string): number | undefined {
  try {
    return Number(readFileSync(lock, 'utf8')) || undefined;
  } catch {
    return undefined; // it was never started
  }
}

/** Who has its port, if that is why. */
function rival(): string {
  const found = holder('udp', '::', NAMES_PORT) ?? holder('tcp', '::', NAMES_PORT);
  return found === undefined ? '' : ` (by ${found.command}, pid ${found.pid})`;
}
