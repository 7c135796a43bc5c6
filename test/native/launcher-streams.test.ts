import { readFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { frame } from '../../native/frames.ts';
import { launch } from '../../native/launcher.ts';
import { connect } from '../../native/session.ts';
import { type Box, containerPlan, makeBox } from './container.ts';
import { collect, finish, gone, launcherProgram, run, start, until } from './launching.ts';

let box: Box;
beforeEach(() => {
  box = makeBox();
});
afterEach(() => box.remove());

const sh = (script: string) => ['sh', '-c', script];
const log = () => readFileSync(box.supervision.log ?? '', 'utf8');
const records = () =>
  log()
    .split('\n')
    .slice(0, -1)
    .map((line) => /^(\S+) (\S+) (\S) (.*)$/s.exec(line)?.slice(1) ?? []);

test('the log has every line with its time and stream, whole or in pieces', async () => {
  const script = 'echo one; echo two >&2; busybox printf "%40000s\\n" x; busybox printf tail';
  await run(containerPlan(box, { args: sh(script) }));
  const lines = records();
  for (const [time] of lines) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  expect(lines.map(([, stream, tag, text]) => [stream, tag, text?.length])).toEqual(
    expect.arrayContaining([
      ['stdout', 'F', 3],
      ['stderr', 'F', 3],
      ['stdout', 'P', 16384],
      ['stdout', 'F', 40000 - 2 * 16384],
      ['stdout', 'P', 4],
    ]),
  );
  expect(lines).toHaveLength(6);
  const long = lines.filter(([, , , text]) => (text?.length ?? 0) > 100);
  expect(long.map(([, , , text]) => text).join('')).toBe('x'.padStart(40000));
});

test('the log is appended to, and can be gone without', async () => {
  await run(containerPlan(box, { args: ['echo', 'first'] }));
  const before = log();
  await run(containerPlan(box, { args: ['echo', 'second'] }));
  expect(log().startsWith(before)).toBe(true);
  expect(records().map(([, , , text]) => text)).toEqual(['first', 'second']);
  const { stdout } = await run(
    containerPlan(box, { args: ['echo', 'third'], supervision: { log: undefined } }),
  );
  expect(stdout).toBe('third\n');
  expect(records()).toHaveLength(2);
});

test('standard input arrives whole, and its end too', async () => {
  const running = await start(
    containerPlan(box, { args: sh('busybox md5sum; echo eof'), stdin: true }),
  );
  running.session.stdin.end(Buffer.alloc(1_000_000, 'a'));
  await finish(running);
  // echo -n; head -c 1000000 /dev/zero | tr '\0' a | md5sum
  expect(running.stdout()).toBe('7707d6ae4e027c70eea2a935c2296f21  -\neof\n');
});

test('a crowd hears of the end, and makes way for who brings it about', async () => {
  const running = await start(containerPlan(box, { args: ['sleep', '100'] }));
  const join = () => connect(box.supervision.socket);
  const crowd = await Promise.all(Array.from({ length: 255 }, join));
  const beyond = await join();
  await expect(beyond.exit).rejects.toThrow('has gone');

  crowd.pop()?.close();
  for (const one of crowd.splice(0, 100)) one.close();
  const last = await join();
  await last.kill(9);
  for (const { exit } of [...crowd, last]) expect((await exit).code).toBe(137);
  for (const session of [...crowd, last]) session.close();
  await finish(running);
});

test('a monitor that had a crowd is small again', async () => {
  const running = await start(containerPlan(box, { args: ['sleep', '100'] }));
  const join = () => connect(box.supervision.socket);
  const resident = () =>
    Number(
      /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${running.monitorPid}/status`, 'utf8'))?.[1],
    );
  const crowd = await Promise.all(Array.from({ length: 255 }, join));
  await expect((await join()).exit).rejects.toThrow('has gone'); // all have been let in
  for (const one of crowd) one.close();
  await until('its memory was given back', () => resident() < 1024);
  await running.session.kill(9);
  await finish(running);
});

test('a signal gets through while input that nobody reads is stuck', async () => {
  const running = await start(containerPlan(box, { args: ['sleep', '100'], stdin: true }));
  running.session.stdin.on('error', () => {});
  running.session.stdin.write(Buffer.alloc(4_000_000));
  await sleep(50);
  await running.session.kill(9);
  expect(await running.session.exit).toMatchObject({ code: 137 });
  running.session.done();
  await gone(running.monitorPid);
});

test('input ends with the session of the foreground that gave it', async () => {
  const running = await start(containerPlan(box, { args: sh('cat; echo the end'), stdin: true }));
  running.session.stdin.write('half');
  await until('it was echoed', () => running.stdout() === 'half');
  running.session.close();
  await gone(running.monitorPid);
  expect(records().map(([, , , text]) => text)).toEqual(['halfthe end']);
});

test('a foreground session that is slow loses nothing', async () => {
  const total = 3_000_000;
  const plan = containerPlan(box, {
    args: sh(`yes 0123456789abcde | head -c ${total}`),
    supervision: { log: undefined },
  });
  const { monitorPid } = await launch(plan, { program: launcherProgram() });
  const session = await connect(box.supervision.socket, { output: true, foreground: true });
  session.own();
  session.stderr.resume();
  await session.start();
  await sleep(200);
  let size = 0;
  for await (const chunk of session.stdout) size += chunk.length;
  expect(size).toBe(total);
  expect(await session.exit).toMatchObject({ code: 0 });
  session.done();
  await gone(monitorPid);
});

test('any other session that is slow is dropped, and the process does not wait', async () => {
  const plan = containerPlan(box, { args: sh('yes 0123456789abcde | head -c 3000000') });
  const { monitorPid } = await launch(plan, { program: launcherProgram() });
  const slow = connectSocket(box.supervision.socket);
  slow.pause();
  slow.on('error', () => {});
  slow.write(frame('A', Buffer.of(2)));
  const session = await connect(box.supervision.socket);
  session.own();
  await session.start();
  expect(await session.exit).toMatchObject({ code: 0 });
  session.done();
  await gone(monitorPid);
  slow.destroy();
});

test('what clients have sent is given back: a monitor that was busy is small again', async () => {
  const running = await start(containerPlan(box, { args: sh('cat >/dev/null'), stdin: true }));
  const clients = [];
  for (let i = 0; i < 14; i++) clients.push(await connect(box.supervision.socket, { stdin: true }));
  for (const client of clients) client.stdin.write(Buffer.alloc(200_000));
  await sleep(300);
  for (const client of clients) client.close();
  await sleep(100);
  const status = readFileSync(`/proc/${running.monitorPid}/status`, 'utf8');
  expect(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1])).toBeLessThan(1024);
  running.session.stdin.end();
  await finish(running);
});

test('several sessions see the same; one that comes late sees what comes then', async () => {
  const running = await start(
    containerPlan(box, { args: sh('echo one; read x; echo $x'), stdin: true }),
  );
  await until('the first line came', () => running.stdout() === 'one\n');
  const late = await connect(box.supervision.socket, { output: true });
  const seen = collect(late.stdout);
  late.stderr.resume();
  await sleep(20);
  running.session.stdin.write('two\n');
  await late.exit;
  await finish(running);
  expect(running.stdout()).toBe('one\ntwo\n');
  expect(seen()).toBe('two\n');
});

test('a client that speaks nonsense is dropped, and nobody else', async () => {
  const running = await start(containerPlan(box, { args: ['sleep', '100'] }));
  for (const nonsense of [
    frame('?'),
    frame('K', Buffer.alloc(5)),
    frame('W', Buffer.of(1)),
    frame('A', Buffer.alloc(1000)),
    Buffer.from([0x53, 0xff, 0xff, 0xff, 0xff]),
  ]) {
    const socket = connectSocket(box.supervision.socket);
    socket.on('error', () => {});
    socket.write(nonsense);
    await new Promise((resolve) => socket.once('close', resolve));
  }
  await running.session.kill(9);
  expect(await finish(running)).toMatchObject({ code: 137 });
});

test('the end of a large input is not stuck behind the rest of it', async () => {
  // Each of these is full at some time: the client's buffer, the monitor's, and the pipe.
  for (const size of [81_920, 98_304, 98_305, 120_000]) {
    const running = await start(
      containerPlan(box, { args: sh('sleep 0.05; busybox wc -c'), stdin: true }),
    );
    running.session.stdin.end(Buffer.alloc(size));
    await finish(running);
    expect(running.stdout()).toBe(`${size}\n`);
  }
});
