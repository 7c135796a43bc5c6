import { type Command, Option } from 'commander';
import type { Container } from '../engine/container.ts';
import type { Engine } from '../engine/engine.ts';
import type { Session } from '../runtime/process.ts';
import { defaultDetachKeys, parseDetachKeys } from './detach-keys.ts';
import type { Door } from './door.ts';
import { parseBoolean } from './parse/number.ts';
import { type StreamOptions, stream, terminalSize } from './streams.ts';

export interface ForegroundOptions {
  sigProxy: string;
  detachKeys: string;
}

export function foregroundOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--sig-proxy <true|false>',
        'pass signals on to the process, unless it has a terminal',
      ).default('true'),
    )
    .option('--detach-keys <keys>', 'what leaves the container alone', defaultDetachKeys);
}

/** What of a foreground command does not depend on the container. */
export type Foreground = Pick<StreamOptions, 'signals' | 'detachKeys'>;

/** Before anything is made, so that a malformed option leaves nothing behind. */
export function parseForeground({ sigProxy, detachKeys }: ForegroundOptions): Foreground {
  return {
    signals: parseBoolean('--sig-proxy', sigProxy),
    detachKeys: parseDetachKeys(detachKeys),
  };
}

/** Starts a container in the foreground, and settles its end in the monitor's stead. */
export async function runInForeground(
  { containers }: Engine,
  door: Door,
  { id, process }: Container,
  how: Foreground & { stdin: boolean },
): Promise<number> {
  const session = await containers.start(id, {
    attach: true,
    attend: true,
    ...terminalSize(door),
  });
  if (session === undefined) return 0;
  try {
    const stdin = how.stdin && process.stdin;
    const ending = await stream(session, door, { ...how, tty: process.tty, stdin });
    if (ending.kind === 'detached') return 0;
    if (ending.kind === 'exited') {
      containers.settle(id, await session.exit.catch(() => undefined));
      session.done();
    }
    return ending.code;
  } catch (error) {
    containers.settle(id); // does nothing if it runs
    throw error;
  } finally {
    session.close();
  }
}

/** Joins a process that others started and will settle. */
export async function follow(session: Session, door: Door, how: StreamOptions): Promise<number> {
  try {
    const ending = await stream(session, door, how);
    return ending.kind === 'detached' ? 0 : ending.code;
  } finally {
    session.close();
  }
}
