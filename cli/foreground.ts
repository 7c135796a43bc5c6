import { type Command, Option } from 'commander';
import type { Container } from '../engine/container.ts';
import type { Engine } from '../engine/engine.ts';
import type { Session } from '../runtime/process.ts';
import { defaultDetachKeys, parseDetachKeys } from './detach-keys.ts';
import type { Door } from './door.ts';
import { parseBoolean } from './parse/number.ts';
import { stream } from './streams.ts';

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

/** Starts a container in the foreground, and settles its end in the monitor's stead. */
export async function runInForeground(
  engine: Engine,
  door: Door,
  container: Container,
  options: ForegroundOptions & { stdin: boolean },
): Promise<number> {
  const how = streamOptions(container, options);
  const session = await engine.containers.start(container.id, { attach: true, attend: true });
  if (session === undefined) return 0;
  try {
    const ending = await stream(session, door, how);
    if (ending.kind === 'detached') return 0;
    if (ending.kind === 'exited') {
      engine.containers.settle(container.id);
      session.done();
    }
    return ending.code;
  } catch (error) {
    engine.containers.settle(container.id); // does nothing if it runs
    throw error;
  } finally {
    session.close();
  }
}

/** Joins a process that others started and will settle. */
export async function follow(
  session: Session,
  door: Door,
  how: Parameters<typeof stream>[2],
): Promise<number> {
  try {
    const ending = await stream(session, door, how);
    return ending.kind === 'detached' ? 0 : ending.code;
  } finally {
    session.close();
  }
}

export function streamOptions(
  { process }: Pick<Container, 'process'>,
  { sigProxy, detachKeys, stdin }: ForegroundOptions & { stdin: boolean },
) {
  return {
    tty: process.tty,
    stdin: stdin && process.stdin,
    signals: parseBoolean('--sig-proxy', sigProxy),
    detachKeys: parseDetachKeys(detachKeys),
  };
}
