import { HawserError } from '../../errors.ts';
import type { Exit } from '../../runtime/spec.ts';
import type { ContainerRecord, RecordedState } from '../container.ts';
import type { Context } from '../context.ts';
import { endOf, hasDied, isAlive, isStarting } from '../liveness.ts';
import { removeTree } from '../remove-tree.ts';
import { castOff } from './sandbox.ts';
import { cgroupOf } from './spec.ts';

/**
 * Writes down the end of a container's process and gives back everything it held, unless it lives
 * or somebody is starting it. What cannot be given back does not keep the rest from being so; it is
 * reported together at the end.
 *
 * @param told how it ended, if a session has told: more than the exit file says on a full disk
 */
export function settleContainer(context: Context, id: string, told?: Exit): void {
  const known = context.records.get(id);
  if (!known || !hasEnded(context, known, told)) return;
  const failures: unknown[] = [];
  const ended = context.store.transaction(() => {
    const record = context.records.get(id);
    if (!record || !hasEnded(context, record, told)) return undefined;
    const settled: ContainerRecord = { ...record, state: endState(context, record, told) };
    context.records.put(settled);
    context.step('settle:record');
    attempt(failures, () => castOff(context, record));
    context.step('settle:network');
    if (record.autoRemove && record.state.status === 'running') context.records.remove(id);
    return record;
  });
  if (!ended) return;
  attempt(failures, () => discardProcess(context, id));
  if (!context.records.get(id)) attempt(failures, () => discardFiles(context, id));
  report(`settle ${ended.name}`, failures);
}

/**
 * Gives back what a failed start has taken, and returns the error to throw: the container is as
 * before, and its record says why it did not start.
 */
export function abandonStart(context: Context, record: ContainerRecord, cause: unknown): Error {
  const failures: unknown[] = [];
  const error = cause instanceof Error ? cause : new Error(String(cause));
  const exitCode = exitCodeOf(error);
  context.store.transaction(() => {
    const state: RecordedState = { status: 'created', error: error.message, exitCode };
    if (context.records.get(record.id)) context.records.put({ ...record, state });
    attempt(failures, () => castOff(context, record));
    if (record.autoRemove) context.records.remove(record.id);
  });
  attempt(failures, () => discardProcess(context, record.id));
  if (record.autoRemove) attempt(failures, () => discardFiles(context, record.id));
  if (failures.length === 0) return error;
  return new HawserError(
    error instanceof HawserError ? error.code : 'kernel',
    `${error.message}; and giving back what it had taken failed too: ${failures.map(sentence).join('; ')}`,
    { cause },
  );
}

/** The cgroup and the traces of a process that is gone; what still lives in the cgroup is killed. */
export function discardProcess(context: Context, id: string): void {
  context.cgroups().remove(cgroupOf(context, id));
  removeTree(context.paths.container(id).ephemeral);
}

/** The writable layer, the log and the files of a container whose record is gone. */
export function discardFiles(context: Context, id: string): void {
  removeTree(context.paths.container(id).durable);
}

/** Its process is gone, and nobody has written that down. */
export function hasEnded({ paths }: Context, record: ContainerRecord, told?: Exit): boolean {
  const { status } = record.state;
  if (status === 'running') return told ? hasDied(record) : !isAlive(record, paths);
  return status === 'starting' && !isStarting(record);
}

function endState(context: Context, record: ContainerRecord, told?: Exit): RecordedState {
  if (record.state.status === 'starting') {
    return { status: 'created', error: 'the process that was starting it was killed' };
  }
  const { started } = record.state;
  const end = endOf(record, context.paths, told);
  return {
    status: 'exited',
    finished: new Date().toISOString(),
    ...(started !== undefined && { started }),
    ...end,
  };
}

/** As docker: 127 and 126 for a command that is not there or cannot run, 128 for all else. */
function exitCodeOf(error: Error): number {
  const code = error instanceof HawserError ? error.code : undefined;
  return code === 'command-not-found' ? 127 : code === 'cannot-execute' ? 126 : 128;
}

function attempt(failures: unknown[], work: () => void): void {
  try {
    work();
  } catch (error) {
    failures.push(error);
  }
}

function report(what: string, failures: unknown[]): void {
  if (failures.length === 0) return;
  throw new HawserError('kernel', `${what}: ${failures.map(sentence).join('; ')}`, {
    cause: failures.length === 1 ? failures[0] : new AggregateError(failures),
    hint: 'the rest was given back; hawser system reconcile tries again',
  });
}

function sentence(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
