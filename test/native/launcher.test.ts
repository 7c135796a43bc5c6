import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LaunchError, launch } from '../../native/launcher.ts';
import { encodePlan } from '../../native/plan-encoder.ts';
import { connect } from '../../native/session.ts';
import { type Box, containerPlan, makeBox } from './container.ts';
import { alive, finish, gone, launcherProgram, run, start, until } from './launching.ts';

let box: Box;
beforeEach(() => {
  box = makeBox();
});
afterEach(() => box.remove());

const sh = (script: string) => ['sh', '-c', script];
const runFiles = () => readdirSync(join(box.directory, 'run')).sort();
const exitFile = () => JSON.parse(readFileSync(box.supervision.exit, 'utf8'));

test('a command runs as process 1 of its own namespaces, and its end is told and written down', async () => {
  const { exit, stdout, stderr } = await run(
    containerPlan(box, { args: sh('echo $$ $(hostname); echo oops >&2; exit 3') }),
  );
  expect(stdout).toBe('1 boxed\n');
  expect(stderr).toBe('oops\n');
  expect(exit).toEqual({ code: 3, oomKilled: false, finished: expect.any(String) });
  expect(Date.now() - Date.parse(exit.finished)).toBeLessThan(10_000);
  expect(exitFile()).toEqual(exit);
  expect(runFiles()).toEqual(['exit.json', 'log', 'pid.json']);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(box.directory);
});

test('a signal is told as 128 + its number', async () => {
  const running = await start(containerPlan(box, { args: ['sleep', '100'] }));
  await running.session.kill(9);
  expect(await finish(running)).toMatchObject({ code: 137, signal: 9, oomKilled: false });
});

test('the pid file names both processes beyond doubt', async () => {
  const running = await start(containerPlan(box, { args: ['sleep', '100'] }));
  const started = (pid: number) =>
    Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ')[19]);
  expect(JSON.parse(readFileSync(box.supervision.pid, 'utf8'))).toEqual({
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    monitor: { pid: running.monitorPid, start: started(running.monitorPid) },
    process: { pid: running.pid, start: started(running.pid) },
  });
  await running.session.kill(9);
  await finish(running);
});

test('a step that fails is named with the kernel’s reason, and nothing is left', async () => {
  const plan = containerPlan(box, {
    args: ['true'],
    mounts: [{ step: 'bind', source: '/no/such/source', target: '/data', attributes: [] }],
  });
  const failure = await launch(plan, { program: launcherProgram() }).catch((error) => error);
  expect(failure).toBeInstanceOf(LaunchError);
  expect(failure).toMatchObject({ step: 'bind', code: 'ENOENT' });
  expect(failure.message).toBe('mount /no/such/source on /data: No such file or directory');
  expect(runFiles()).toEqual(['log']);
});

test('a text may hold anything but NUL', async () => {
  const target = '/new\nline /"ü';
  const plan = containerPlan(box, { args: ['true'], mounts: [{ step: 'root', path: target }] });
  await expect(launch(plan, { program: launcherProgram() })).rejects.toThrow(
    `open the root ${target}: No such file or directory`,
  );
  const nul = containerPlan(box, { args: ['true', 'a\0b'] });
  await expect(launch(nul, { program: launcherProgram() })).rejects.toThrow('no NUL may be in');
});

test.each([
  { args: ['nosuch'], code: 'ENOENT', exit: 127 },
  { args: ['/bin/nosuch'], code: 'ENOENT', exit: 127 },
  { args: [''], code: 'ENOENT', exit: 127 },
  { args: ['/etc'], code: 'EACCES', exit: 126 },
  { args: ['/bin/garbage'], code: 'ENOEXEC', exit: 126 },
])(
  'a command that cannot be executed: $args is $code, exit code $exit',
  async ({ args, code, exit }) => {
    writeFileSync(join(box.lower, 'bin/garbage'), 'garbage', { mode: 0o755 });
    const plan = containerPlan(box, { args });
    const { monitorPid } = await launch(plan, { program: launcherProgram() });
    const session = await connect(box.supervision.socket);
    session.own();
    const failure = await session.start().catch((error) => error);
    expect(failure).toMatchObject({ name: 'LaunchError', step: 'exec', code });
    expect(failure.message).toContain(`exec ${args[0]}: `);
    expect(await session.exit).toMatchObject({ code: exit });
    expect(exitFile()).toMatchObject({ code: exit });
    session.done();
    await gone(monitorPid);
  },
);

test('nothing of the host is open in the process, and its environment is only its own', async () => {
  process.env.HAWSER_SECRET = 'x';
  const { stdout } = await run(
    containerPlan(box, { args: sh('cd /proc/self/fd; for f in *; do readlink $f; done; env') }),
  );
  const opened = stdout.split('\n').filter((line) => line !== '' && !line.includes('='));
  expect(opened[0]).toBe('/dev/null');
  expect(opened.slice(1, 3)).toEqual([
    expect.stringMatching(/^pipe:/),
    expect.stringMatching(/^pipe:/),
  ]);
  expect(opened.slice(3).filter((path) => !/^\/proc\/\d+\/fd$/.test(path))).toEqual([]);
  expect(stdout).not.toContain('HAWSER_SECRET');
});

test('the monitor runs from a sealed copy of the program, small, and holds nothing of its caller', async () => {
  const running = await start(containerPlan(box, { args: ['sleep', '100'] }));
  const proc = `/proc/${running.monitorPid}`;
  expect(readlinkSync(`${proc}/exe`)).toBe('/memfd:hawser-launch (deleted)');
  expect(() => writeFileSync(`${proc}/exe`, 'x')).toThrow();
  const status = readFileSync(`${proc}/status`, 'utf8');
  const resident = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  expect(resident).toBeGreaterThan(0);
  expect(resident).toBeLessThan(1024);
  expect([0, 1, 2].map((fd) => readlinkSync(`${proc}/fd/${fd}`))).toEqual(
    Array(3).fill('/dev/null'),
  );
  expect(readlinkSync(`${proc}/cwd`)).toBe('/');
  await running.session.kill(9);
  await finish(running);
});

test('a killed monitor takes the process with it', async () => {
  const running = await start(containerPlan(box, { args: ['sleep', '100'] }));
  const vanished = expect(running.session.exit).rejects.toThrow('has gone');
  process.kill(running.monitorPid, 'SIGKILL');
  await gone(running.pid);
  await vanished;
});

test('so it does for a process that has changed its user', async () => {
  const identity = containerPlan(box, { args: [] }).steps.flatMap((step) =>
    step.step === 'credentials' ? [{ ...step, uid: 1000, gid: 1000 }] : [],
  );
  const running = await start(containerPlan(box, { args: ['sleep', '100'], identity }));
  expect(readFileSync(`/proc/${running.pid}/status`, 'utf8')).toMatch(/^Uid:\t1000\t/m);
  process.kill(running.monitorPid, 'SIGKILL');
  await gone(running.pid);
});

test('the monitor outlives signals that are meant for a terminal’s processes', async () => {
  const running = await start(containerPlan(box, { args: ['sleep', '100'] }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.kill(running.monitorPid, signal);
  }
  await running.session.kill(9);
  expect(await finish(running)).toMatchObject({ code: 137 });
});

test('a launcher whose caller dies before START gives up and cleans up', async () => {
  const mark = join(box.directory, 'cleaned');
  const plan = containerPlan(box, {
    args: ['sleep', '100'],
    supervision: { onExit: ['/bin/busybox', 'touch', mark] },
  });
  const { monitorPid, pid } = await launchAndDie(plan);
  await gone(monitorPid);
  expect(alive(pid)).toBe(false);
  expect(existsSync(mark)).toBe(true);
  expect(existsSync(box.supervision.socket)).toBe(false);
});

/** What `launch` does, up to `ready`, by a process that is then killed. */
async function launchAndDie(plan: ReturnType<typeof containerPlan>) {
  const file = join(box.directory, 'plan');
  writeFileSync(file, encodePlan(plan));
  const script = `exec 3<${file} 4>&1; ${launcherProgram()} & exec sleep 100`;
  const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  await until('the launcher was ready', () => text.endsWith('\n'));
  const [, monitorPid, pid] = text.trim().split(' ').map(Number);
  child.kill('SIGKILL');
  child.stdout.destroy();
  return { monitorPid: monitorPid ?? 0, pid: pid ?? 0 };
}

test('a launcher that cannot be executed, or says nothing, is told of', async () => {
  const plan = containerPlan(box, { args: ['true'] });
  await expect(launch(plan, { program: '/no/launcher' })).rejects.toThrow(
    'execute /no/launcher: spawn /no/launcher ENOENT',
  );
  await expect(launch(plan, { program: '/bin/false' })).rejects.toThrow(
    'hear from the launcher: Broken pipe',
  );
});

test('an end counts as out of memory if the kernel has counted a kill since the launch', async () => {
  const file = join(box.directory, 'memory.events');
  const supervision = { oom: { file, key: 'oom_kill' } };
  writeFileSync(file, 'oom 7\noom_kill 3\noom_kill_disable 0\n');
  const before = await run(containerPlan(box, { args: ['true'], supervision }));
  expect(before.exit.oomKilled).toBe(false);
  const running = await start(containerPlan(box, { args: ['sleep', '100'], supervision }));
  writeFileSync(file, 'oom 7\noom_kill 4\noom_kill_disable 0\n');
  await running.session.kill(9);
  expect(await finish(running)).toMatchObject({ code: 137, oomKilled: true });
  expect(exitFile().oomKilled).toBe(true);
});

test('the process writes itself into its cgroups before anything else', async () => {
  const files = ['one', 'two'].map((name) => join(box.directory, name));
  for (const file of files) writeFileSync(file, '');
  await run(containerPlan(box, { args: ['true'], cgroups: files }));
  expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(['0', '0']);
  const plan = containerPlan(box, { args: ['true'], cgroups: ['/no/cgroup.procs'] });
  await expect(launch(plan, { program: launcherProgram() })).rejects.toMatchObject({
    step: 'cgroup',
    message: 'enter the cgroup of /no/cgroup.procs: No such file or directory',
  });
});

test('paths may be longer than a socket’s address', async () => {
  const deep = join(box.directory, 'd'.repeat(200));
  mkdirSync(deep);
  const supervision = { socket: join(deep, 'monitor.sock') };
  const { stdout } = await run(containerPlan(box, { args: ['echo', 'deep'], supervision }));
  expect(stdout).toBe('deep\n');
});
