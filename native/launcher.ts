import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Plan } from './plan.ts';
import { encodePlan } from './plan-encoder.ts';
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

  /** From the launcher's own words, `STEP ERRNO ATTEMPT`; if it has been killed there are none. */
  static parse(text: string): LaunchError {
    const [, step, errno, attempt] = /^(\S+) (\d+) (.*)$/s.exec(text) ?? [];
    if (step === undefined || attempt === undefined) {
      return new LaunchError('start', constants.errno.EPIPE, 'hear from the launcher');
    }
    return new LaunchError(step, Number(errno), attempt);
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

const launcher = fileURLToPath(new URL('../build/hawser-launch', import.meta.url));

/**
 * Carries out a plan up to its last step, `exec`, and returns when the process waits for START on
 * the monitor's socket (see session.ts). If this process ends before that, the monitor gives up: the
 * process is killed and the plan's `onExit` run. Throws a LaunchError, and leaves nothing but what
 * the caller made itself.
 */
export async function launch(plan: Plan, options: LaunchOptions = {}): Promise<Launched> {
  const program = options.program ?? launcher;
  const bytes = encodePlan(plan);
  // The argument is for people: ps(1) then tells one monitor from another.
  const child = spawn(program, [plan.supervision.socket], {
    argv0: 'hawser-monitor',
    detached: true,
    cwd: '/',
    env: options.env ?? ownEnvironment(),
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  // A program that is not there is an event, not a throw.
  const spawned = once(child, 'spawn');
  const input = child.stdio[3] as Writable; // 'pipe' above
  const status = child.stdio[4] as Readable; // 'pipe' above; node makes both ways of it
  // The launcher may fail before it has read everything; its status says why.
  input.on('error', () => {});
  try {
    await spawned;
  } catch (cause) {
    throw new Error(`execute ${program}: ${(cause as Error).message}`, { cause });
  }
  input.end(bytes);

  const line = await firstLine(status);
  const ready = /^ready (\d+) (\d+)$/.exec(line);
  if (ready === null) throw LaunchError.parse(line.replace(/^failed /, ''));
  // The monitor watches `status`: it closes when this process ends. It must not keep it from ending.
  child.unref();
  if ('unref' in status && typeof status.unref === 'function') status.unref();
  return { monitorPid: Number(ready[1]), pid: Number(ready[2]) };
}

/** What the launcher says first. A failure may contain newlines; its end is the end of the stream. */
async function firstLine(status: Readable): Promise<string> {
  status.setEncoding('utf8');
  let text = '';
  return new Promise((resolve, reject) => {
    const end = () => resolve(text.trimEnd());
    status.on('data', (chunk: string) => {
      text += chunk;
      if (text.startsWith('ready ') && text.endsWith('\n')) end();
    });
    status.once('end', end);
    status.once('error', reject);
  });
}

function ownEnvironment(): NodeJS.ProcessEnv {
  const wanted = ([name]: [string, unknown]) => name === 'PATH' || name.startsWith('HAWSER_');
  return Object.fromEntries(Object.entries(process.env).filter(wanted));
}
