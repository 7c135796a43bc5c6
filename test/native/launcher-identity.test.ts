import { readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { launch } from '../../native/launcher.ts';
import type { PlanStep } from '../../native/plan.ts';
import { compileSeccomp } from '../../native/seccomp.ts';
import { connect } from '../../native/session.ts';
import {
  type Box,
  capabilities,
  containerPlan,
  DOCKER_CAPABILITIES,
  makeBox,
  root,
} from './container.ts';
import { gone, launcherProgram, run } from './launching.ts';

let box: Box;
beforeEach(() => {
  box = makeBox();
});
afterEach(() => box.remove());

const CHOWN = 1n << 0n;
const NET_BIND_SERVICE = 1n << 10n;

/** /proc/self/status of a process with these steps before exec, by field. */
async function status(identity: PlanStep[]): Promise<Record<string, string>> {
  const { stdout, stderr } = await run(
    containerPlan(box, { args: ['cat', '/proc/self/status'], identity }),
  );
  expect(stderr).toBe('');
  return Object.fromEntries(
    stdout
      .split('\n')
      .map((line) => [line.split(':')[0], line.split('\t').slice(1).join(' ').trim()]),
  );
}

const mask = (text: string | undefined) => BigInt(`0x${text}`);

test('user, groups and capabilities are those asked for', async () => {
  const found = await status([
    {
      step: 'credentials',
      uid: 1000,
      gid: 1001,
      groups: [5, 6],
      capabilities: {
        bounding: DOCKER_CAPABILITIES,
        effective: NET_BIND_SERVICE,
        permitted: NET_BIND_SERVICE | CHOWN,
        inheritable: NET_BIND_SERVICE,
        ambient: NET_BIND_SERVICE,
      },
    },
  ]);
  expect(found.Uid).toBe('1000 1000 1000 1000');
  expect(found.Gid).toBe('1001 1001 1001 1001');
  expect(found.Groups).toBe('5 6');
  expect(mask(found.CapBnd)).toBe(DOCKER_CAPABILITIES);
  // What is not ambient does not survive an exec as another user than root.
  expect(mask(found.CapPrm)).toBe(NET_BIND_SERVICE);
  expect(mask(found.CapEff)).toBe(NET_BIND_SERVICE);
  expect(mask(found.CapInh)).toBe(NET_BIND_SERVICE);
  expect(mask(found.CapAmb)).toBe(NET_BIND_SERVICE);
});

test('root has the bounding set and no more; what the machine lacks is left out', async () => {
  expect(mask((await status([root])).CapEff)).toBe(DOCKER_CAPABILITIES);
  const all = { ...root, capabilities: capabilities(0x1ff_ffff_ffffn) } as PlanStep;
  const own = readFileSync('/proc/self/status', 'utf8');
  expect(mask((await status([all])).CapEff)).toBe(mask(/^CapBnd:\t(.*)$/m.exec(own)?.[1]));
});

test('no new privileges, resource limits', async () => {
  const found = await status([root, { step: 'no-new-privileges' }]);
  expect(found.NoNewPrivs).toBe('1');
  const { stdout } = await run(
    containerPlan(box, {
      args: ['sh', '-c', 'ulimit -n; ulimit -Hn; ulimit -c'],
      identity: [
        { step: 'rlimit', resource: 'nofile', soft: 100n, hard: 200n },
        { step: 'rlimit', resource: 'core', soft: 0n },
        root,
      ],
    }),
  );
  expect(stdout).toBe('100\n200\n0\n');
});

const forbidding = (...names: string[]) =>
  compileSeccomp({
    defaultAction: 'allow',
    architectures: ['x86', 'x32'],
    rules: [{ names, action: 'errno', errno: 95 }],
  });

test('a system call filter is in force, with and without new privileges', async () => {
  const filter = forbidding('mkdir', 'mkdirat');
  for (const identity of [
    [{ step: 'seccomp', filter }, root],
    [root, { step: 'no-new-privileges' }, { step: 'seccomp', filter }],
  ] satisfies PlanStep[][]) {
    const { stderr } = await run(
      containerPlan(box, { args: ['busybox', 'mkdir', '/tmp/x'], identity }),
    );
    expect(stderr).toContain("can't create directory '/tmp/x'");
    expect(stderr).toMatch(/Not supported|Operation not supported/);
    expect((await status(identity)).Seccomp).toBe('2');
  }
});

test('a filter that the kernel does not take is refused by name', async () => {
  await expect(
    run(
      containerPlan(box, {
        args: ['true'],
        identity: [{ step: 'seccomp', filter: new Uint8Array(12) }],
      }),
    ),
  ).rejects.toMatchObject({ step: 'seccomp', code: 'EINVAL' });
});

test('nobody may look into the process before it is the user’s program', async () => {
  const identity: PlanStep[] = [{ ...root, uid: 1000, gid: 1000 } as PlanStep];
  const plan = containerPlan(box, { args: ['sleep', '100'], identity });
  const launched = await launch(plan, { program: launcherProgram() });
  // The files of a process that is not dumpable are root's, whoever it runs as (proc(5)).
  const owner = () => statSync(`/proc/${launched.pid}/environ`).uid;
  expect(readFileSync(`/proc/${launched.pid}/status`, 'utf8')).toMatch(/^Uid:\t1000\t/m);
  expect(owner()).toBe(0);
  const session = await connect(box.supervision.socket);
  session.own();
  await session.start();
  expect(owner()).toBe(1000);
  await session.kill(9);
  await session.exit;
  session.done();
  await gone(launched.monitorPid);
});
