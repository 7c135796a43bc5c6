import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import type { TerminalSize } from '../engine/engine.ts';
import { HawserError } from '../errors.ts';
import type { Session } from '../runtime/process.ts';
import { DetachKeys } from './detach-keys.ts';
import type { Door, Input } from './door.ts';

export interface StreamOptions {
  /** The process has a terminal, so ours is made raw: every key is the process's. */
  tty: boolean;
  /** Feed our standard input to it. */
  stdin: boolean;
  /** Pass signals on to the process (without a terminal of its own). */
  signals: boolean;
  /** The bytes that leave the process alone; none if empty. */
  detachKeys: number[];
}

/** How a foreground command's part ends: with the process, or before it. */
export type Ending =
  | { kind: 'exited'; code: number }
  | { kind: 'detached' }
  /** A signal for us, not for the process: it has the terminal. */
  | { kind: 'interrupted'; code: number };

/** Signals that another process would send us for the sake of the container's. */
const passedOn: NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGCONT',
];

/** Refuses a terminal for a process whose input comes from none, as Docker does. */
export function requireTerminal(door: Door, options: { tty: boolean; stdin: boolean }): void {
  if (options.tty && options.stdin && !door.stdin.isTTY) {
    throw new HawserError('invalid', '-t with -i: standard input is no terminal', {
      hint: 'leave -t out when piping into a container',
    });
  }
}

/**
 * Joins our standard streams to a process until it ends or is left alone. All its output has been
 * handed to ours when this returns, and the terminal is as it was.
 */
export async function stream(
  session: Session,
  door: Door,
  options: StreamOptions,
): Promise<Ending> {
  const undo: (() => void)[] = [];
  session.stdout.pipe(door.stdout, { end: false });
  session.stderr.pipe(door.stderr, { end: false });
  const endings = [exited(session)];
  try {
    if (options.tty) undo.push(followSize(session, door));
    if (options.tty) endings.push(interruption(door, undo));
    else if (options.signals) undo.push(passSignals(session, door));
    if (options.stdin) endings.push(feed(session, door, options, undo));
    return await Promise.race(endings);
  } finally {
    for (const step of undo.reverse()) step();
    session.stdout.unpipe(door.stdout);
    session.stderr.unpipe(door.stderr);
  }
}

/** The process has ended, and all of its output has gone into ours. */
async function exited(session: Session): Promise<Ending> {
  const drained = [session.stdout, session.stderr].map(drain);
  const { code } = await session.exit.catch((cause: unknown) => {
    throw new HawserError('state', 'the process has lost its monitor, and was killed with it', {
      cause,
      hint: 'see: hawser ps -a',
    });
  });
  await Promise.all(drained);
  return { kind: 'exited', code };
}

function drain(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.readableEnded || stream.destroyed) return resolve();
    stream.once('end', resolve);
    stream.once('close', resolve);
  });
}

/** Our standard input becomes the process's; resolves only if the detach keys are typed. */
function feed(
  session: Session,
  door: Door,
  { tty, detachKeys }: StreamOptions,
  undo: (() => void)[],
): Promise<Ending> {
  const { stdin } = door;
  if (tty) undo.push(makeRaw(stdin));
  // What a process no longer reads is nobody's loss: it has closed its input, or ended.
  session.stdin.on('error', () => undefined);
  return new Promise((resolve) => {
    const keys =
      tty && detachKeys.length > 0
        ? new DetachKeys(detachKeys, () => resolve({ kind: 'detached' }))
        : undefined;
    const first: Writable = keys ?? session.stdin;
    if (keys) keys.pipe(session.stdin);
    stdin.pipe(first);
    undo.push(() => {
      stdin.unpipe(first);
      stdin.pause();
    });
  });
}

/**
 * Hands every key on as it is, and shows every byte as it comes. Node's raw mode leaves the output
 * half of the terminal alone, where a line feed would return the cursor, too: stty(1) sees to that.
 */
function makeRaw(stdin: Input): () => void {
  if (!stdin.isTTY || !stdin.setRawMode) return () => undefined;
  stdin.setRawMode(true);
  if (stdin.fd !== undefined)
    spawnSync('stty', ['-opost'], { stdio: [stdin.fd, 'ignore', 'ignore'] });
  // Node puts back all it found, not only what it changed.
  return () => stdin.setRawMode?.(false);
}

/** Ours, for a process that is to have it from its first moment. */
export function terminalSize({ stdout }: Door): { size?: TerminalSize } {
  const { isTTY, rows, columns } = stdout;
  return isTTY && rows && columns ? { size: { rows, columns } } : {};
}

/** The process's terminal gets the size of ours, now and at each change. */
function followSize(session: Session, door: Door): () => void {
  const { stdout } = door;
  const resize = () => {
    const { size } = terminalSize(door);
    if (size) session.resize(size.rows, size.columns);
  };
  resize();
  stdout.on('resize', resize);
  return () => stdout.off('resize', resize);
}

function passSignals(session: Session, { signals }: Door): () => void {
  const pass = (name: NodeJS.Signals) => {
    // A process that has just ended has no use for it.
    session.kill(constants.signals[name]).catch(() => undefined);
  };
  for (const name of passedOn) signals.on(name, pass);
  return () => {
    for (const name of passedOn) signals.off(name, pass);
  };
}

/** With a raw terminal a signal comes from elsewhere and means us; the terminal must be put back. */
function interruption({ signals }: Door, undo: (() => void)[]): Promise<Ending> {
  return new Promise((resolve) => {
    for (const name of ['SIGHUP', 'SIGTERM', 'SIGINT'] as const) {
      const leave = () => resolve({ kind: 'interrupted', code: 128 + constants.signals[name] });
      signals.on(name, leave);
      undo.push(() => signals.off(name, leave));
    }
  });
}
