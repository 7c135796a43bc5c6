import { mkdirSync } from 'node:fs';
import { HawserError } from '../../errors.ts';
import { bootId } from '../../native/boot-id.ts';
import { unpinNetns } from '../../native/netns.ts';
import type { Endpoint } from '../../net/model.ts';
import { type Session, type SessionOptions, startProcess } from '../../runtime/process.ts';
import { processStat } from '../../runtime/process-identity.ts';
import type { ContainerRecord, RecordedState } from '../container.ts';
import type { Context } from '../context.ts';
import type { StartOptions } from '../engine.ts';
import { containerNews } from '../events/news.ts';
import { isAlive, isStarting } from '../liveness.ts';
import { plain } from '../names.ts';
import { ensurePrivate } from '../paths.ts';
import { removeTree } from '../remove-tree.ts';
import { writeEtcFiles } from './etc.ts';
import { makeSources } from './mounts.ts';
import { moor, netnsOf, ownSandbox } from './sandbox.ts';
import { abandonStart, settleContainer } from './settle.ts';
import { containerSpec } from './spec.ts';

/**
 * Starts a container: sandbox and attachments, its files, its process. A failure anywhere gives
 * all of it back and leaves the container as it was, with the reason written down.
 */
export async function startContainer(
  context: Context,
  ref: string,
  { attach = false, attend = false, size }: StartOptions,
): Promise<Session | undefined> {
  const { record, endpoints } = claim(context, ref, attach);
  let session: Session | undefined;
  try {
    const netns = netnsOf(context, record);
    writeEtcFiles(context, record, endpoints);
    makeSources(record.mounts, `start ${record.name}`);
    context.step('start:files');
    session = await launch(context, record, netns, {
      stdin: attach && record.process.stdin,
      output: attach,
      foreground: attach && attend,
    });
    if (attend) session.own();
    if (size && record.process.tty) session.resize(size.rows, size.columns);
    await session.start();
    context.step('start:process');
    if (attach) return session;
    session.close();
    return undefined;
  } catch (cause) {
    session?.own();
    const error = abandonStart(context, record, cause);
    session?.done();
    session?.close();
    throw error;
  }
}

interface Claim {
  record: ContainerRecord;
  endpoints: Endpoint[];
}

/** Makes the caller the one who starts this container, and moors it. */
function claim(context: Context, ref: string, attach: boolean): Claim {
  settleContainer(context, context.records.find(ref, `start ${plain(ref)}`).id);
  let claimed: Claim | undefined;
  try {
    return context.store.transaction(() => {
      claimed = make(context, ref, attach);
      return claimed;
    });
  } catch (error) {
    if (claimed) forsake(context, claimed);
    throw error;
  }
}

/** The work was done and the store could not keep it, on a full disk: what was made is nobody's. */
function forsake(context: Context, { record, endpoints }: Claim): void {
  try {
    // The links go with the namespace.
    if (record.network.mode.kind === 'own') unpinNetns(ownSandbox(context, record).path);
    removeTree(context.paths.container(record.id).ephemeral);
    if (endpoints.some(({ ports }) => ports.length > 0)) context.networking.reload();
  } catch (error) {
    context.note(`start ${record.name}: giving back what it had taken failed: ${String(error)}`);
  }
}

function make(context: Context, ref: string, attach: boolean): Claim {
  const found = context.records.find(ref, `start ${plain(ref)}`);
  if (isAlive(found, context.paths)) {
    throw new HawserError('state', `start ${found.name}: it is already running`);
  }
  if (isStarting(found)) {
    throw new HawserError(
      'state',
      `start ${found.name}: process ${found.state.pid} is starting it just now`,
    );
  }
  const record = withState(found, { ...holder(process.pid), status: 'starting' });
  context.records.put(record);
  if (attach) context.events.add(containerNews(record, 'attach'));

  const { ephemeral } = context.paths.container(record.id);
  ensurePrivate(context.paths.containers.ephemeral);
  removeTree(ephemeral);
  mkdirSync(ephemeral, { mode: 0o700 });
  try {
    const endpoints = record.network.mode.kind === 'own' ? moor(context, record) : [];
    return { record, endpoints };
  } catch (error) {
    removeTree(ephemeral);
    throw error;
  }
}

/** Starts the supervised process, stopped just before it becomes the user's command. */
async function launch(
  context: Context,
  record: ContainerRecord,
  netns: string | undefined,
  streams: SessionOptions,
): Promise<Session> {
  const { pid, session, notes } = await startProcess(containerSpec(context, record, netns), {
    attempt: `start ${record.name}`,
    seccompCache: context.paths.seccompCache,
    cgroups: context.cgroups(),
    session: streams,
  });
  try {
    for (const note of notes) context.note(`start ${record.name}: ${note}`);
    context.step('start:launch');
    const state: RecordedState = {
      ...holder(pid),
      status: 'running',
      started: new Date().toISOString(),
    };
    context.store.transaction(() => context.records.put(withState(record, state)));
    context.step('start:record');
    return session;
  } catch (error) {
    session.close();
    throw error;
  }
}

function withState(record: ContainerRecord, state: RecordedState): ContainerRecord {
  return { ...record, state };
}

function holder(pid: number): Pick<RecordedState, 'pid' | 'pidStart' | 'boot'> {
  const pidStart = processStat(pid)?.start;
  return { pid, boot: bootId(), ...(pidStart !== undefined && { pidStart }) };
}
