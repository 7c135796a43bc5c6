import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { launch } from '../../native/launcher.ts';
import type { PlanStep } from '../../native/plan.ts';
import { type Box, containerPlan, makeBox } from './container.ts';
import { launcherProgram, run } from './launching.ts';

let box: Box;
let shared: string;
beforeEach(() => {
  box = makeBox();
  shared = join(box.directory, 'shared');
  mkdirSync(join(shared, 'sub'), { recursive: true });
  writeFileSync(join(shared, 'file'), 'content\n');
});
afterEach(() => box.remove());

const sh = (script: string) => ['sh', '-c', script];
const bind = (source: string, target: string, ...attributes: 'ro'[]): PlanStep => ({
  step: 'bind',
  source,
  target,
  attributes,
});

async function output(mounts: PlanStep[], script: string): Promise<string> {
  const { stdout, stderr, exit } = await run(containerPlan(box, { args: sh(script), mounts }));
  expect(stderr).toBe('');
  expect(exit.code).toBe(0);
  return stdout;
}

const refused = (mounts: PlanStep[]) =>
  launch(containerPlan(box, { args: ['true'], mounts }), { program: launcherProgram() }).then(
    () => undefined,
    (error) => error,
  );

test('directories and files are bound, and the places for them made', async () => {
  const mounts = [bind(shared, '/deep/er/data'), bind(join(shared, 'file'), '/etc/deep/motd')];
  expect(
    await output(mounts, 'cat /deep/er/data/file /etc/deep/motd; echo new >/deep/er/data/made'),
  ).toBe('content\ncontent\n');
  expect(readFileSync(join(shared, 'made'), 'utf8')).toBe('new\n');
  expect(statSync(join(box.directory, 'upper/deep/er')).mode & 0o7777).toBe(0o755);
});

test('read-only is read-only, with all that is mounted beneath', async () => {
  const mounts: PlanStep[] = [
    { step: 'mount', type: 'tmpfs', source: 'tmpfs', target: '/outer', flags: [] },
    { step: 'mount', type: 'tmpfs', source: 'tmpfs', target: '/outer/inner', flags: [] },
    bind(shared, '/data', 'ro'),
    bind(shared, '/other'),
    { step: 'readonly', target: '/outer' },
  ];
  const script =
    'for d in /data /other /outer /outer/inner; do (echo x >$d/probe) 2>/dev/null && echo $d; done; true';
  expect(await output(mounts, script)).toBe('/other\n');
});

test('links in the image lead nowhere but into the container', async () => {
  const outside = join(box.directory, 'outside');
  mkdirSync(outside);
  symlinkSync(outside, join(box.lower, 'absolute'));
  symlinkSync('../../../../../../../../tmp', join(box.lower, 'dots'));
  mkdirSync(join(box.lower, box.directory, 'outside'), { recursive: true });
  const mounts: PlanStep[] = [
    bind(shared, '/absolute/data'),
    bind(join(shared, 'file'), '/dots/file'),
    { step: 'mkdir', target: '/absolute/made' },
    { step: 'symlink', target: '/absolute/link', text: '/etc/passwd' },
  ];
  const inside = join(box.directory, 'outside');
  const script = `cat /absolute/data/file /tmp/file; ls ${inside}`;
  expect(await output(mounts, script)).toBe('content\ncontent\ndata\nlink\nmade\n');
  expect(readdirSync(outside)).toEqual([]);
});

test('a link that leads nowhere, or in a circle, or out by /proc is refused', async () => {
  symlinkSync('/not/there', join(box.lower, 'dangling'));
  symlinkSync('circle', join(box.lower, 'circle'));
  symlinkSync('/proc/1/root', join(box.lower, 'magic'));
  expect(await refused([bind(shared, '/dangling')])).toMatchObject({ step: 'bind' });
  expect(await refused([bind(shared, '/circle/data')])).toMatchObject({ code: 'ELOOP' });
  expect(await refused([bind(shared, '/magic/data')])).toMatchObject({ code: 'ELOOP' });
  expect(existsSync('/data')).toBe(false);
});

test('a directory does not go on a file, nor a file on a directory', async () => {
  expect(await refused([bind(shared, '/bin/busybox')])).toMatchObject({
    step: 'bind',
    code: 'ENOTDIR',
    message: `make /bin/busybox to mount ${shared} on: Not a directory`,
  });
  expect(await refused([bind(join(shared, 'file'), '/etc')])).toMatchObject({ step: 'bind' });
});

test('nothing is mounted before there is a root to mount beneath', async () => {
  const plan = containerPlan(box, { args: ['true'] });
  const steps = plan.steps.filter(({ step }) => step !== 'root');
  await expect(launch({ ...plan, steps }, { program: launcherProgram() })).rejects.toMatchObject({
    code: 'EBADF',
  });
});

test('masked paths are hidden, and a mask does not follow links out', async () => {
  symlinkSync('/proc/1/root/etc', join(box.lower, 'trap'));
  const mounts: PlanStep[] = [
    bind(shared, '/data'),
    { step: 'mask', target: '/data/file' },
    { step: 'mask', target: '/data/sub' },
  ];
  const script = 'cat /data/file; ls /data/sub /sys/firmware; ls -l /data/file | cut -c1';
  expect(await output(mounts, script.replace('| cut', '| busybox cut'))).toBe(
    '/data/sub:\n\n/sys/firmware:\nc\n',
  );
  expect(await refused([{ step: 'mask', target: '/trap' }])).toMatchObject({ code: 'ELOOP' });
});

test('the root itself can be read-only', async () => {
  const { steps, ...rest } = containerPlan(box, {
    args: sh('echo x >/probe; echo y >/dev/shm-is-rw; ls /'),
  });
  const readonly: PlanStep = { step: 'attributes', target: '/', attributes: ['ro'] };
  const { stdout, stderr } = await run({
    ...rest,
    steps: steps.flatMap((step): PlanStep[] =>
      step.step === 'pivot-root' ? [readonly, step] : [step],
    ),
  });
  expect(stderr).toContain("can't create /probe: Read-only file system");
  expect(stderr).not.toContain('shm-is-rw');
  expect(stdout).toContain('proc\n');
});

test('sysctls are those of the container’s namespaces', async () => {
  const path = '/proc/sys/net/ipv4/ip_default_ttl';
  const before = readFileSync(path, 'utf8');
  const mounts: PlanStep[] = [
    { step: 'sysctl', key: 'net.ipv4.ip_default_ttl', value: '33' },
    { step: 'sysctl', key: 'net/ipv4/conf/lo/forwarding', value: '1' },
    { step: 'sysctl', key: 'kernel.msgmax', value: '4096' },
  ];
  const read = `cat ${path} /proc/sys/net/ipv4/conf/lo/forwarding /proc/sys/kernel/msgmax`;
  expect(await output(mounts, read)).toBe('33\n1\n4096\n');
  expect(readFileSync(path, 'utf8')).toBe(before);
  expect(await refused([{ step: 'sysctl', key: 'net/../../self/comm', value: 'x' }])).toMatchObject(
    {
      step: 'sysctl',
    },
  );
});

/** A plan whose process works in a given directory and says where that is. */
function planIn(path: string) {
  const identity = containerPlan(box, { args: [] }).steps.filter(
    ({ step }) => step === 'credentials',
  );
  return containerPlan(box, {
    args: sh('busybox pwd; ls'),
    identity: [{ step: 'chdir', path }, ...identity],
  });
}

test('a working directory that is missing is refused', async () => {
  await expect(launch(planIn('/nowhere'), { program: launcherProgram() })).rejects.toMatchObject({
    step: 'chdir',
    message: 'change to the working directory /nowhere: No such file or directory',
  });
});

test('a descriptor of the launcher’s does not lead a working directory out', async () => {
  // CVE-2024-21626. The only directory that is open by then is the container's own root.
  const inside = (await run(planIn('/'))).stdout;
  for (let fd = 0; fd < 16; fd++) {
    const found = await run(planIn(`/proc/self/fd/${fd}`)).catch((error) => error);
    if (found.stdout === undefined) expect(found).toMatchObject({ step: 'chdir' });
    else expect(found.stdout).toBe(inside);
  }
});

test('an overlay takes many layers, and paths with any character in them', async () => {
  const { steps, ...rest } = containerPlan(box, { args: sh('cat /one /two') });
  const layers = ['one', 'two'].map((name) => {
    const layer = join(box.directory, `a:b,c\\d ${name} ${'x'.repeat(200)}`);
    mkdirSync(layer);
    writeFileSync(join(layer, name), `${name}\n`);
    return layer;
  });
  for (let i = 0; i < 120; i++) {
    const layer = join(box.directory, `layer-${i}-${'y'.repeat(100)}`);
    mkdirSync(layer);
    layers.push(layer);
  }
  const { stdout } = await run({
    ...rest,
    steps: steps.map((step) =>
      step.step === 'overlay' ? { ...step, lower: [...layers, box.lower] } : step,
    ),
  });
  expect(stdout).toBe('one\ntwo\n');
});
