import type { Plan } from './plan.ts';
import { SysError } from './sys-error.ts';

/**
 * What the launcher could not do: the step of the plan and the kernel's reason, as
 * `mount proc on /proc: Operation not permitted`. For a command that could not be executed `step`
 * is `exec`, and `code` says why: ENOENT is Docker's exit code 127, all else is 126.
 */
export class LaunchError extends SysError {
  readonly step: string;

  constructor(step: string, errno: number, attempt: string) {
    super({ syscall: step, errno, attempt });
    this.name = 'LaunchError';
    this.step = step;
  }
}

export interface LaunchOptions {
  /** The program; default: the build/hawser-launch of this package. */
  program?: string;
  /** The environment of the monitor and of what it runs on exit; default PATH and HAWSER_*. */
  env?: NodeJS.ProcessEnv;
}

export interface Launched {
  monitorPid: number;
  /** The container's process, as seen from here. It waits for a client's START. */
  pid: number;
}

/**
 * Carries out a plan up to its last step, `exec`, and returns when the process waits for START on
 * the monitor's socket (see session.ts). If this process ends before that, the monitor gives up: the
 * process is killed and the plan's `onExit` run. Throws a LaunchError, and leaves nothing but what
 * the caller made itself.
 */
export async function launch(_plan: Plan, _options: LaunchOptions = {}): Promise<Launched> {
  throw new Error('not yet');
}
