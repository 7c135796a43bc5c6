import { bootId } from '../native/boot-id.ts';
import { isRunning, readExit } from '../runtime/process.ts';
import { processStat } from '../runtime/process-identity.ts';
import type { Exit } from '../runtime/spec.ts';
import type { ContainerRecord, ContainerState } from './container.ts';
import type { Paths } from './paths.ts';

/**
 * The state of a container as it is now. There is no daemon that would write down an end when it
 * happens, so a record that says `running` is only believed while its process lives.
 */
export function stateNow(record: ContainerRecord, paths: Paths): ContainerState {
  const { status, ...known } = record.state;
  if (status === 'created' || status === 'exited') return shown(known, status);
  if (isStarting(record)) return shown(known, 'created');
  if (status === 'running' && isAlive(record, paths)) return shown(known, 'running');
  return shown({ ...known, ...endOf(record, paths) }, 'exited');
}

/** Its process itself is gone, whatever its monitor may still be doing. */
export function hasDied({ state }: ContainerRecord): boolean {
  const process = state.pid === undefined ? undefined : processStat(state.pid);
  return state.boot !== bootId() || process?.start !== state.pidStart || process?.zombie === true;
}

/** Its process runs, supervised, in this boot. */
export function isAlive(record: ContainerRecord, paths: Paths): boolean {
  return (
    record.state.status === 'running' &&
    record.state.boot === bootId() &&
    isRunning(paths.container(record.id))
  );
}

/** Another process is in the middle of starting it. */
export function isStarting({ state }: ContainerRecord): boolean {
  return (
    state.status === 'starting' &&
    state.boot === bootId() &&
    state.pid !== undefined &&
    processStat(state.pid)?.start === state.pidStart
  );
}

/** How a process that no longer runs has ended, as far as anybody knows. */
export function endOf(
  record: ContainerRecord,
  paths: Paths,
  told?: Exit,
): Pick<ContainerState, 'exitCode' | 'finished' | 'error' | 'oomKilled'> {
  const exit = told ?? exitOfThisBoot(record, paths);
  if (exit) return { exitCode: exit.code, finished: exit.finished, oomKilled: exit.oomKilled };
  const cause =
    record.state.boot === bootId() ? 'its monitor was killed' : 'the machine was restarted';
  return { exitCode: 137, oomKilled: false, error: cause };
}

function exitOfThisBoot(record: ContainerRecord, paths: Paths): Exit | undefined {
  return record.state.boot === bootId() ? readExit(paths.container(record.id)) : undefined;
}

function shown(
  { pid, started, finished, exitCode, oomKilled, error }: Omit<ContainerRecord['state'], 'status'>,
  status: ContainerState['status'],
): ContainerState {
  return {
    status,
    oomKilled: oomKilled ?? false,
    ...(status === 'running' && pid !== undefined && { pid }),
    ...(started !== undefined && { started }),
    ...(finished !== undefined && { finished }),
    ...(exitCode !== undefined && { exitCode }),
    ...(error !== undefined && { error }),
  };
}
