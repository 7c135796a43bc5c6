import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { type ErrorCode, HawserError } from '../errors.ts';
import { bootId } from '../native/boot-id.ts';
import { LaunchError, launch } from '../native/launcher.ts';
import type { PidFile, Plan } from '../native/plan.ts';
import { connect, hasLeft, type Session, type SessionOptions } from '../native/session.ts';
import type { Cgroups } from './cgroup/cgroup.ts';
import { parseHierarchies } from './cgroup/hierarchies.ts';
import { openCgroups } from './cgroup/open.ts';
import { containerPlan } from './container-plan.ts';
import { execPlan } from './exec-plan.ts';
import { processStat } from './process-identity.ts';
import { DEVICE_RULES } from './security/devices.ts';
import { hostDevices } from './security/host-devices.ts';
import { cachedFilter } from './security/seccomp-cache.ts';
import { defaultProfile } from './security/seccomp-profile.ts';
import type { ContainerSpec, ExecSpec, Exit, ProcessPaths, Security } from './spec.ts';

export type { Session, SessionOptions } from '../native/session.ts';

/** A process that is ready to run its command, and the monitor that looks after it. */
export interface Supervised {
  /** As seen from here. */
  pid: number;
  monitorPid: number;
  /** `start` lets it run; rejects with 'command-not-found' or 'cannot-execute'. */
  session: Session;
  /** Sentences about what was asked for and does not hold on this kernel. */
  notes: string[];
}

export interface ProcessOptions {
  /** Begins the sentence of a failure: `start web1`. */
  attempt: string;
  /** Where compiled system call filters are kept. */
  seccompCache: string;
  /** Default: none of the process's streams. */
  session?: SessionOptions;
  cgroups?: Cgroups;
}

/**
 * Makes a container's cgroup and its first process, which waits, with everything set up, for
 * `session.start()`. If this fails, nothing of it is left.
 */
export async function startProcess(
  spec: ContainerSpec,
  options: ProcessOptions,
): Promise<Supervised> {
  const { cgroups = openCgroups() } = options;
  const { privileged } = spec.security;
  const notes = cgroups.create(spec.cgroup, spec.limits, privileged ? undefined : DEVICE_RULES);
  try {
    const plan = containerPlan(spec, {
      entrances: cgroups.entrances(spec.cgroup),
      oom: cgroups.oomCounter(spec.cgroup),
      hierarchies: parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8')),
      filter: filterFor(spec.security, options.seccompCache),
      devices: privileged ? hostDevices() : [],
    });
    return { ...(await supervise(plan, options)), notes };
  } catch (error) {
    throw giveBack(cgroups, spec.cgroup, error);
  }
}

/** Removes the cgroup after a failure, and returns what is to be thrown: if that failed too, both. */
function giveBack(cgroups: Cgroups, path: string, failure: unknown): unknown {
  try {
    cgroups.remove(path);
    return failure;
  } catch (second) {
    const sentence = [failure, second].map((error) => (error as Error).message).join('; then: ');
    return new HawserError('kernel', sentence, { cause: new AggregateError([failure, second]) });
  }
}

/** Makes a further process in a running container; it too waits for `session.start()`. */
export async function execProcess(spec: ExecSpec, options: ProcessOptions): Promise<Supervised> {
  const { cgroups = openCgroups() } = options;
  const plan = execPlan(spec, {
    entrances: cgroups.entrances(spec.cgroup),
    filter: filterFor(spec.security, options.seccompCache),
  });
  return { ...(await supervise(plan, options)), notes: [] };
}

/** Connects to a process that runs already; undefined if its monitor is no longer there. */
export async function attachTo(
  paths: Pick<ProcessPaths, 'socket'>,
  options: SessionOptions = {},
): Promise<Session | undefined> {
  try {
    return await connect(paths.socket, options);
  } catch (error) {
    if (hasLeft(error)) return undefined;
    throw error;
  }
}

/** How the process ended; undefined while it runs, or if its monitor was killed. */
export function readExit(paths: Pick<ProcessPaths, 'exit'>): Exit | undefined {
  return readJson<Exit>(paths.exit);
}

/** The processes that a pid file names; undefined without one, or if it is of another boot. */
export function readPids(paths: Pick<ProcessPaths, 'pid'>): PidFile | undefined {
  const pids = readJson<PidFile>(paths.pid);
  return pids?.boot === bootId() ? pids : undefined;
}

/**
 * Whether the process is still to be reckoned with: it lives under its monitor, or it has just ended
 * and that is about to write down how. One whose monitor was killed dies with it, unless its program
 * was set-user-id or asked for no such signal (PR_SET_PDEATHSIG, prctl(2)): that one counts as ended
 * too, and is killed with its cgroup. Pids are believed only together with boot and start time.
 */
export function isRunning(paths: Pick<ProcessPaths, 'pid' | 'exit'>): boolean {
  const pids = readPids(paths);
  if (pids === undefined || !isAlive(pids.monitor)) return false;
  return isAlive(pids.process) || readExit(paths) === undefined;
}

function isAlive({ pid, start }: { pid: number; start: number }): boolean {
  const stat = processStat(pid);
  return stat !== undefined && stat.start === start && !stat.zombie;
}

function filterFor(
  { seccomp, privileged, capabilities }: Security,
  cache: string,
): Uint8Array | undefined {
  if (privileged || seccomp === 'unconfined') return undefined;
  return cachedFilter(defaultProfile(capabilities), cache);
}

async function supervise(plan: Plan, options: ProcessOptions): Promise<Omit<Supervised, 'notes'>> {
  const launched = await launch(plan).catch((error: unknown) => {
    throw explain(error, options.attempt);
  });
  try {
    const session = await connect(plan.supervision.socket, options.session);
    return { ...launched, session: explaining(session, options.attempt) };
  } catch (error) {
    process.kill(launched.monitorPid, 'SIGKILL'); // its process dies with it
    throw error;
  }
}

/**
 * The same session, with a refused start told in the runtime's words. Input is held back until the
 * start: the process does not read yet, and what is stuck on the way would be stuck before START.
 */
function explaining(session: Session, attempt: string): Session {
  const { stdout, stderr, exit } = session;
  const stdin = new PassThrough();
  return {
    stdin,
    stdout,
    stderr,
    exit,
    start: async () => {
      const started = session.start();
      stdin.pipe(session.stdin);
      try {
        await started;
      } catch (error) {
        throw explain(error, attempt);
      }
    },
    resize: (rows, columns) => session.resize(rows, columns),
    kill: (signal) => session.kill(signal),
    own: () => session.own(),
    done: () => session.done(),
    close: () => session.close(),
  };
}

/** The launcher's failure as a sentence with the code that doors turn into Docker's exit codes. */
function explain(error: unknown, attempt: string): unknown {
  if (!(error instanceof LaunchError)) return error;
  return new HawserError(codeOf(error), `${attempt}: ${error.message}`, { cause: error });
}

function codeOf({ step, code }: LaunchError): ErrorCode {
  if (step === 'port') return 'taken';
  if (step !== 'exec') return 'kernel';
  return code === 'ENOENT' ? 'command-not-found' : 'cannot-execute';
}

function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T; // written whole by the monitor
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (missing || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
