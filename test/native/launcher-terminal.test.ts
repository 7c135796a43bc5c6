import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Box, containerPlan, makeBox } from './container.ts';
import { finish, run, start, until } from './launching.ts';

let box: Box;
beforeEach(() => {
  box = makeBox();
});
afterEach(() => box.remove());

const sh = (script: string) => ['sh', '-c', script];

test('the terminal is the controlling one, of the size asked for, and the console', async () => {
  const { stdout } = await run(
    containerPlan(box, {
      args: sh('tty; stty size; echo from tty >/dev/tty; echo over >/dev/console'),
      tty: true,
    }),
  );
  expect(stdout).toBe('/dev/pts/0\r\n24 80\r\nfrom tty\r\nover\r\n');
});

test('a new size is told to the process', async () => {
  const running = await start(
    containerPlan(box, {
      args: sh('trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.05; done'),
      tty: true,
    }),
  );
  await until('the trap was set', () => running.stdout().includes('ready'));
  running.session.resize(50, 132);
  await finish(running);
  expect(running.stdout()).toBe('ready\r\n50 132\r\n');
});

test('a typed ^C interrupts, and what is typed is echoed', async () => {
  const running = await start(
    containerPlan(box, { args: sh('trap "echo caught; exit 4" INT; echo ready; cat'), tty: true }),
  );
  await until('the trap was set', () => running.stdout().includes('ready'));
  running.session.stdin.write('typed\n');
  await until('cat answered', () => running.stdout().endsWith('typed\r\ntyped\r\n'));
  running.session.stdin.write('\x03');
  expect(await finish(running)).toMatchObject({ code: 4 });
  expect(running.stdout()).toMatch(/\^Ccaught\r\n$/);
});

test('the end of a client’s input is not the end of the terminal', async () => {
  const running = await start(containerPlan(box, { args: sh('read x; echo got $x'), tty: true }));
  running.session.stdin.end('line\n');
  await finish(running);
  expect(running.stdout()).toContain('got line\r\n');
});

test('everything that was written last is still delivered', async () => {
  const { stdout } = await run(
    containerPlan(box, { args: sh('yes 0123456789abcd | head -c 30000'), tty: true }),
  );
  expect(stdout.length).toBe(32_000); // 2000 lines; each newline is sent as CR LF
});

test('the terminal belongs to the user', async () => {
  const identity = containerPlan(box, { args: [] }).steps.flatMap((step) =>
    step.step === 'credentials' ? [{ ...step, uid: 1000, gid: 1000, groups: [] }] : [],
  );
  const { stdout } = await run(
    containerPlan(box, {
      args: sh('id; echo again >/dev/tty; echo once more >/proc/self/fd/1'),
      tty: true,
      identity,
    }),
  );
  expect(stdout).toBe('uid=1000 gid=1000\r\nagain\r\nonce more\r\n');
});
