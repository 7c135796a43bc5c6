/** Launching for tests: builds the program if need be, collects output, leaves nothing behind. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Launched, launch } from '../../native/launcher.ts';
import type { Plan } from '../../native/plan.ts';
import { connect, type ExitReport, type Session } from '../../native/session.ts';

const top = fileURLToPath(new URL('../..', import.meta.url));

const goals = { release: 'all', asan: 'sanitized' } as const;
const built = new Set<keyof typeof goals>();

/** The launcher, up to date; `asan` is the one with sanitizers. */
export function launcherProgram(kind: keyof typeof goals = 'release'): string {
  if (!built.has(kind)) {
    execFileSync('make', ['-s', '-C', `${top}/native/launcher`, goals[kind]], { stdio: 'inherit' });
  }
  built.add(kind);
  return `${top}/build/hawser-launch${kind === 'asan' ? '-asan' : ''}`;
}

export interface Running extends Launched {
  session: Session;
  stdout: () => string;
  stderr: () => string;
}

/** Launches, attaches as the owner in the foreground, and starts. */
export async function start(plan: Plan, program = launcherProgram()): Promise<Running> {
  const launched = await launch(plan, { program });
  const session = await connect(plan.supervision.socket, {
    stdin: plan.stdin || plan.steps.some(({ step }) => step === 'terminal'),
    output: true,
    foreground: true,
  });
  session.own();
  const stdout = collect(session.stdout);
  const stderr = collect(session.stderr);
  await session.start();
  return { ...launched, session, stdout, stderr };
}

/** Starts and waits for the end; nothing of it is left then. */
export async function run(
  plan: Plan,
  program = launcherProgram(),
): Promise<{ exit: ExitReport; stdout: string; stderr: string }> {
  const running = await start(plan, program);
  const exit = await finish(running);
  return { exit, stdout: running.stdout(), stderr: running.stderr() };
}

export async function finish({ session, monitorPid }: Running): Promise<ExitReport> {
  const exit = await session.exit;
  session.done();
  await gone(monitorPid);
  return exit;
}

export function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return () => text;
}

/** Waits until a condition holds; fails after five seconds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (holds()) return;
    await sleep(5);
  }
  throw new Error(`waited in vain until ${what}`);
}

export function gone(pid: number): Promise<void> {
  return until(`process ${pid} was gone`, () => !alive(pid));
}

/** A zombie is dead: this process or the machine's init has only not looked at it yet. */
export function alive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return false;
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
