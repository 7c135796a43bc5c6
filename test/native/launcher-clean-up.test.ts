import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { launch } from '../../native/launcher.ts';
import { connect } from '../../native/session.ts';
import { type Box, containerPlan, makeBox } from './container.ts';
import { gone, launcherProgram } from './launching.ts';

let box: Box;
let mark: string;
beforeEach(() => {
  box = makeBox();
  mark = join(box.directory, 'cleaned');
});
afterEach(() => box.remove());

/** Launched, not started; on exit the exit file is copied, which proves that it was there. */
async function launched(args: string[]) {
  const onExit = ['/bin/busybox', 'cp', box.supervision.exit, mark];
  const plan = containerPlan(box, { args, supervision: { onExit } });
  return launch(plan, { program: launcherProgram() });
}

test('an owner that says done is believed', async () => {
  const { monitorPid } = await launched(['true']);
  const session = await connect(box.supervision.socket);
  session.own();
  await session.start();
  await session.exit;
  session.done();
  await gone(monitorPid);
  expect(existsSync(mark)).toBe(false);
});

test('the monitor waits for an owner that has not said done, and cleans up if it leaves', async () => {
  const { monitorPid } = await launched(['true']);
  const session = await connect(box.supervision.socket);
  session.own();
  await session.start();
  await session.exit;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(existsSync(mark)).toBe(false);
  session.close();
  await gone(monitorPid);
  expect(JSON.parse(readFileSync(mark, 'utf8'))).toMatchObject({ code: 0 });
});

test('an owner that leaves before the end owns nothing any more', async () => {
  const { monitorPid } = await launched(['sh', '-c', 'sleep 0.2; exit 7']);
  const session = await connect(box.supervision.socket);
  session.own();
  await session.start();
  session.close();
  await gone(monitorPid);
  expect(JSON.parse(readFileSync(mark, 'utf8'))).toMatchObject({ code: 7 });
});

test('done from who is not the owner does not count', async () => {
  const { monitorPid } = await launched(['sleep', '0.2']);
  const session = await connect(box.supervision.socket);
  await session.start();
  session.done();
  await session.exit;
  await gone(monitorPid);
  expect(existsSync(mark)).toBe(true);
});

/** The launcher as started by somebody who ignores signals, also one that C libraries hide. */
function ignoring(...signals: string[]): string {
  const program = join(box.directory, 'launch');
  const options = signals.map((signal) => `--ignore-signal=${signal}`).join(' ');
  writeFileSync(program, `#!/bin/sh\nexec env ${options} ${launcherProgram()} "$@"\n`, {
    mode: 0o755,
  });
  return program;
}

test('the program run on exit is in the host’s namespaces with default signals', async () => {
  const plan = containerPlan(box, {
    args: ['true'],
    supervision: {
      onExit: [
        '/bin/sh',
        '-c',
        `readlink /proc/self/ns/mnt >${mark}; cat /proc/self/status >>${mark}`,
      ],
    },
  });
  const { monitorPid } = await launch(plan, { program: ignoring('TERM', 'RTMIN') });
  const session = await connect(box.supervision.socket);
  await session.start();
  await session.exit;
  await gone(monitorPid);
  const text = readFileSync(mark, 'utf8');
  expect(text).toMatch(/^SigIgn:\t0+$/m);
  expect(text).toMatch(/^SigBlk:\t0+$/m);
  expect(text).toContain(readlinkSync('/proc/self/ns/mnt'));
});
