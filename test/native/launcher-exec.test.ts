import { readFileSync, readlinkSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { launch } from '../../native/launcher.ts';
import { type Box, containerPlan, execPlan, makeBox } from './container.ts';
import { finish, gone, launcherProgram, type Running, run, start } from './launching.ts';

let box: Box;
let init: Running;
beforeEach(async () => {
  box = makeBox();
  init = await start(containerPlan(box, { args: ['sleep', '100'] }));
});
afterEach(async () => {
  await init.session.kill(9).catch(() => {}); // some tests have ended it
  await finish(init);
  box.remove();
});

const sh = (script: string) => ['sh', '-c', script];

test('a command enters every namespace of the container', async () => {
  const names = ['pid', 'mnt', 'uts', 'ipc', 'net', 'cgroup'];
  const script = `ps; for n in ${names.join(' ')}; do readlink /proc/self/ns/$n; done`;
  const { stdout, exit } = await run(execPlan(box, { pid: init.pid }, { args: sh(script) }));
  expect(stdout).toMatch(/^ +1 .* sleep 100$/m);
  for (const name of names) expect(stdout).toContain(readlinkSync(`/proc/${init.pid}/ns/${name}`));
  expect(exit.code).toBe(0);
});

test('its monitor and what that runs on exit stay outside', async () => {
  const inside = await start(execPlan(box, { pid: init.pid }, { args: ['sleep', '100'] }));
  const own = (name: string) => readlinkSync(`/proc/self/ns/${name}`);
  const monitors = (name: string) => readlinkSync(`/proc/${inside.monitorPid}/ns/${name}`);
  for (const name of ['pid_for_children', 'mnt', 'net']) expect(monitors(name)).toBe(own(name));
  await inside.session.kill(15);
  expect(await finish(inside)).toMatchObject({ code: 143, signal: 15 });
});

test('a killed monitor takes its process with it, and the container goes on', async () => {
  const inside = await start(execPlan(box, { pid: init.pid }, { args: ['sleep', '100'] }));
  process.kill(inside.monitorPid, 'SIGKILL');
  await gone(inside.pid);
  const { stdout } = await run(execPlan(box, { pid: init.pid }, { args: ['echo', 'on'] }));
  expect(stdout).toBe('on\n');
});

test('the container’s end ends it', async () => {
  const inside = await start(execPlan(box, { pid: init.pid }, { args: ['sleep', '100'] }));
  await init.session.kill(9);
  expect(await finish(inside)).toMatchObject({ code: 137 });
});

test('output that others go on writing does not hold up the end', async () => {
  const script = '(while :; do echo noise; done) & echo said; exit 5';
  const inside = await start(execPlan(box, { pid: init.pid }, { args: sh(script) }));
  expect(await finish(inside)).toMatchObject({ code: 5 });
  expect(inside.stdout()).toContain('said\n');
});

test('a pid that now belongs to another process is refused', async () => {
  const plan = execPlan(box, { pid: init.pid, start: 1n }, { args: ['true'] });
  await expect(launch(plan, { program: launcherProgram() })).rejects.toMatchObject({
    step: 'enter',
    code: 'ESRCH',
    message: `enter process ${init.pid}: No such process`,
  });
  const stat = readFileSync(`/proc/${init.pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ');
  const enter = { pid: init.pid, start: BigInt(stat[19] ?? 0) };
  expect(await run(execPlan(box, enter, { args: ['true'] }))).toMatchObject({ exit: { code: 0 } });
});

test('a terminal comes from the container’s own devpts', async () => {
  const { stdout } = await run(
    execPlan(box, { pid: init.pid }, { args: sh('tty; stty size'), tty: true }),
  );
  expect(stdout).toBe('/dev/pts/0\r\n24 80\r\n');
});

test('a /dev/pts that the container has put in its place is refused', async () => {
  // Root of the container with SYS_ADMIN, as in a privileged one, lays a trap.
  const trap = 'busybox umount /dev/pts && busybox mkfifo /dev/pts/ptmx';
  const privileged = containerPlan(box, { args: [] }).steps.flatMap((step) =>
    step.step === 'credentials'
      ? [
          {
            ...step,
            capabilities: {
              ...step.capabilities,
              bounding: ~0n & 0x1ff_ffff_ffffn,
              effective: 0x1ff_ffff_ffffn,
              permitted: 0x1ff_ffff_ffffn,
            },
          },
        ]
      : [],
  );
  const { exit } = await run(
    execPlan(box, { pid: init.pid }, { args: sh(trap), identity: privileged }),
  );
  expect(exit.code).toBe(0);
  const plan = execPlan(box, { pid: init.pid }, { args: ['true'], tty: true });
  await expect(launch(plan, { program: launcherProgram() })).rejects.toMatchObject({
    step: 'terminal',
    code: 'ENODEV',
  });
});

test('a /dev/null that the container has put in its place is refused', async () => {
  const trap = 'rm /dev/null && busybox mkfifo /dev/null';
  await run(execPlan(box, { pid: init.pid }, { args: sh(trap.replace('rm', 'busybox rm')) }));
  const plan = execPlan(box, { pid: init.pid }, { args: ['true'] });
  await expect(launch(plan, { program: launcherProgram() })).rejects.toMatchObject({
    step: 'stdin',
    code: 'ENODEV',
  });
});
