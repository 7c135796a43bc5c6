/** The launcher with address and undefined behaviour sanitizers: the same life, and damaged plans. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { launch } from '../../native/launcher.ts';
import type { Plan } from '../../native/plan.ts';
import { encodePlan } from '../../native/plan-encoder.ts';
import { connect } from '../../native/session.ts';
import { type Box, containerPlan, execPlan, makeBox } from './container.ts';
import { collect, gone, launcherProgram } from './launching.ts';

let box: Box;
let reports: string;
beforeEach(() => {
  box = makeBox();
  reports = join(box.directory, 'reports');
  mkdirSync(reports);
});
afterEach(() => {
  const found = readdirSync(reports).map((name) => readFileSync(join(reports, name), 'utf8'));
  box.remove();
  expect(found).toEqual([]);
});

/** Leaks are not looked for: that takes ptrace(2), and the launcher allocates nothing. */
const env = () => ({
  ASAN_OPTIONS: `detect_leaks=0:handle_sigill=1:log_path=${reports}/report`,
});

async function live(plan: Plan, input?: string) {
  const { monitorPid, pid } = await launch(plan, { program: launcherProgram('asan'), env: env() });
  const session = await connect(plan.supervision.socket, {
    stdin: true,
    output: true,
    foreground: true,
  });
  session.own();
  const stdout = collect(session.stdout);
  session.stderr.resume();
  await session.start().catch(() => {});
  session.resize(10, 20);
  if (input !== undefined) session.stdin.end(input);
  const end = async () => {
    const exit = await session.exit;
    session.done();
    await gone(monitorPid);
    return exit;
  };
  return { pid, session, stdout, end };
}

test.each([
  { args: ['sh', '-c', 'cat; yes | head -c 300000; exit 3'], stdin: true, tty: false, code: 3 },
  { args: ['sh', '-c', 'read x; echo $x; stty size; exit 4'], stdin: false, tty: true, code: 4 },
  { args: ['nosuch'], stdin: false, tty: false, code: 127 },
])('a container’s life: $args', async ({ args, stdin, tty, code }) => {
  const { end } = await live(containerPlan(box, { args, stdin, tty }), 'line\n');
  expect(await end()).toMatchObject({ code });
});

test('a command in a container', async () => {
  const container = await live(containerPlan(box, { args: ['sleep', '100'] }));
  const inside = await live(execPlan(box, { pid: container.pid }, { args: ['ls', '/'] }));
  expect(await inside.end()).toMatchObject({ code: 0 });
  expect(inside.stdout()).toContain('proc\n');
  await container.session.kill(9);
  await container.end();
});

/** What the launcher says to these bytes for a plan. */
async function answer(bytes: Buffer): Promise<string> {
  const child = spawn(launcherProgram('asan'), [], {
    env: env(),
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  const input = child.stdio[3] as Writable; // 'pipe'
  const said = collect(child.stdio[4] as Readable); // 'pipe'
  input.on('error', () => {});
  input.end(bytes);
  await new Promise((resolve) => child.once('close', resolve));
  return said();
}

test('a plan that is cut short fails in words wherever it is cut', async () => {
  const whole = encodePlan(containerPlan(box, { args: ['true'] }));
  const cuts = Array.from({ length: 12 }, (_, i) => Math.floor((whole.length * i) / 12));
  for (const cut of cuts) {
    expect(await answer(whole.subarray(0, cut))).toMatch(/^failed plan \d+ read the plan\n$/);
    if (cut < 8) continue;
    // The same, but the length at the front admits it.
    const honest = Buffer.from(whole.subarray(0, cut));
    honest.writeUInt32LE(cut - 8, 4);
    expect(await answer(honest)).toMatch(/^failed plan \d+ read the plan\n$/);
  }
});

test('a plan of another kind is refused', async () => {
  const whole = encodePlan(containerPlan(box, { args: ['true'] }));
  const steps: [string, Buffer][] = [
    ['another magic', Buffer.concat([Buffer.from('XXXX'), whole.subarray(4)])],
    ['a length beyond all', Buffer.concat([whole.subarray(0, 4), Buffer.alloc(4, 0xff)])],
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(4096)],
  ];
  for (const [what, bytes] of steps) {
    expect(await answer(bytes), what).toMatch(/^failed plan \d+ read the plan\n$/);
  }
});
