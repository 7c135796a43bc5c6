import { setTimeout } from 'node:timers/promises';
import { HawserError } from '../../errors.ts';
import { hasLeft } from '../../native/session.ts';
import { attachTo, type Session, type SessionOptions } from '../../runtime/process.ts';
import type { Exit } from '../../runtime/spec.ts';
import type { ContainerRecord } from '../container.ts';
import type { Context } from '../context.ts';
import { containerNews } from '../events/news.ts';
import { isAlive, stateNow } from '../liveness.ts';
import { plain } from '../names.ts';
import { discardFiles, settleContainer } from './settle.ts';
import { parseSignal } from './signal.ts';
import { cgroupOf } from './spec.ts';

const SIGKILL = 9;
const DEFAULT_TIMEOUT = 10;

/** A session with the container's monitor, or a refusal if the container does not run. */
export async function openSession(
  context: Context,
  record: ContainerRecord,
  attempt: string,
  options: SessionOptions = {},
): Promise<Session> {
  const session = isAlive(record, context.paths)
    ? await attachTo(context.paths.container(record.id), options)
    : undefined;
  if (!session) throw new HawserError('state', `${attempt}: it is not running`);
  return session;
}

/** `timeout` is in seconds. A container that does not run is stopped already. */
export async function stopContainer(
  context: Context,
  ref: string,
  { timeout = DEFAULT_TIMEOUT, signal }: { timeout?: number; signal?: string },
): Promise<void> {
  const record = context.records.find(ref, `stop ${plain(ref)}`);
  const number = parseSignal(signal ?? record.stopSignal);
  const ran = isAlive(record, context.paths);
  await end(context, record, number, timeout);
  if (ran) context.events.add(containerNews(record, 'stop'));
}

export async function killContainer(
  context: Context,
  ref: string,
  signal = 'SIGKILL',
): Promise<void> {
  const record = context.records.find(ref, `kill ${plain(ref)}`);
  const number = parseSignal(signal);
  const session = await openSession(context, record, `kill ${record.name}`);
  try {
    await send(context, record, session, number);
    // Only SIGKILL is waited for: what others do is the process's own affair.
    if (number === SIGKILL) await settleAfter(context, record, session);
  } finally {
    session.close();
  }
}

export async function waitContainer(context: Context, ref: string): Promise<Exit> {
  const record = context.records.find(ref, `wait for ${plain(ref)}`);
  const session = isAlive(record, context.paths)
    ? await attachTo(context.paths.container(record.id))
    : undefined;
  try {
    // A monitor that was killed meanwhile tells nothing; the container's state does.
    const told = await session?.exit.catch(() => undefined);
    if (told) return told;
  } finally {
    session?.close();
  }
  const end = stateNow(record, context.paths);
  if (end.status === 'created') {
    throw new HawserError('state', `wait for ${record.name}: it has not been started`);
  }
  return {
    code: end.exitCode ?? 0,
    oomKilled: end.oomKilled,
    finished: end.finished ?? new Date().toISOString(),
  };
}

export async function removeContainer(
  context: Context,
  ref: string,
  { force = false }: { force?: boolean },
): Promise<void> {
  const { records, paths } = context;
  const record = records.find(ref, `remove ${plain(ref)}`);
  if (isAlive(record, paths)) {
    if (!force) {
      throw new HawserError('in-use', `remove ${record.name}: it is running`, {
        hint: `stop it first, or use force: hawser rm -f ${record.name}`,
      });
    }
    await end(context, record, SIGKILL, DEFAULT_TIMEOUT);
  }
  settleContainer(context, record.id);
  forget(context, record);
  discardFiles(context, record.id);
}

/** Removes the record, unless somebody has started the container meanwhile. */
function forget({ records, store }: Context, { id, name }: ContainerRecord): void {
  store.transaction(() => {
    const status = records.get(id)?.state.status;
    if (status === 'running' || status === 'starting') {
      throw new HawserError('state', `remove ${name}: it has been started again meanwhile`);
    }
    records.remove(id);
  });
}

async function end(
  context: Context,
  record: ContainerRecord,
  signal: number,
  timeout: number,
): Promise<void> {
  const session = isAlive(record, context.paths)
    ? await attachTo(context.paths.container(record.id))
    : undefined;
  if (!session) {
    await goneFor(context, record);
    return settleContainer(context, record.id);
  }
  try {
    session.own();
    await send(context, record, session, signal);
    if (!(await endsWithin(session, timeout))) {
      await send(context, record, session, SIGKILL);
    }
    await settleAfter(context, record, session);
  } finally {
    session.close();
  }
}

/** A monitor that takes no more clients is about to end; this waits until it has. */
async function goneFor(context: Context, record: ContainerRecord): Promise<void> {
  const deadline = Date.now() + DEFAULT_TIMEOUT * 1000;
  while (isAlive(record, context.paths)) {
    if (Date.now() > deadline) {
      throw new HawserError('state', `stop ${record.name}: its monitor does not answer`, {
        hint: `its processes are in the cgroup ${cgroupOf(context, record.id)}`,
      });
    }
    await setTimeout(5);
  }
}

/** Waits for the end and settles it in the monitor's stead. */
async function settleAfter(
  context: Context,
  record: ContainerRecord,
  session: Session,
): Promise<void> {
  session.own();
  const told = await session.exit.catch(() => undefined);
  if (told === undefined) await goneFor(context, record); // the monitor was killed meanwhile
  settleContainer(context, record.id, told);
  session.done();
}

/** A process that has just ended by itself needs no signal any more. */
async function send(
  { events }: Context,
  record: ContainerRecord,
  session: Session,
  signal: number,
): Promise<void> {
  events.add(containerNews(record, 'kill', { signal: `${signal}` }));
  await session.kill(signal).catch((error: unknown) => {
    if (!hasLeft(error)) throw error;
  });
}

async function endsWithin(session: Session, seconds: number): Promise<boolean> {
  const ended = () => true;
  const over = new AbortController();
  const late = setTimeout(seconds * 1000, false, { signal: over.signal }).catch(() => false);
  try {
    return await Promise.race([session.exit.then(ended, ended), late]);
  } finally {
    over.abort();
  }
}
