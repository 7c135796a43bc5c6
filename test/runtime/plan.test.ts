import { describe, expect, it } from 'vitest';
import type { PlanStep } from '../../native/plan.ts';
import { containerPlan, type Surroundings } from '../../runtime/container-plan.ts';
import { execPlan } from '../../runtime/exec-plan.ts';
import { tmpfsOptions } from '../../runtime/mount-options.ts';
import type { ContainerSpec, ExecSpec } from '../../runtime/spec.ts';

const around: Surroundings = {
  entrances: ['/sys/fs/cgroup/pids/hawser/x/cgroup.procs'],
  oom: undefined,
  hierarchies: [
    { version: 1, mountpoint: '/sys/fs/cgroup/cpu,cpuacct', controllers: ['cpu', 'cpuacct'] },
    { version: 1, mountpoint: '/sys/fs/cgroup/systemd', controllers: ['name=systemd'] },
    { version: 2, mountpoint: '/sys/fs/cgroup/unified', controllers: [] },
  ],
  filter: new Uint8Array(8),
  devices: [],
};

const base = {
  args: ['sh'],
  env: ['A=b'],
  cwd: '/srv',
  user: { uid: 0, gid: 0, groups: [0] },
  tty: false,
  stdin: false,
  security: {
    privileged: false,
    capabilities: ['CHOWN'],
    seccomp: 'default',
    noNewPrivileges: false,
  },
  cgroup: 'hawser/x',
  paths: { socket: '/run/s', exit: '/run/e', pid: '/run/p', log: '/var/l', onExit: [] },
} satisfies Partial<ContainerSpec & ExecSpec>;

const container: ContainerSpec = {
  ...base,
  id: 'x',
  hostname: 'boat',
  rootfs: { layers: ['/l'], upper: '/u', work: '/w', mountpoint: '/m', readonly: false },
  mounts: [],
  netns: '/run/netns/x',
  sysctls: {},
  limits: {},
  ports: [],
};
const planOf = (given: Partial<ContainerSpec> = {}, more: Partial<Surroundings> = {}) =>
  containerPlan({ ...container, ...given }, { ...around, ...more });
const names = (steps: readonly PlanStep[]): string[] => steps.map(({ step }) => step);
const targets = (steps: readonly PlanStep[], kind: PlanStep['step']): string[] =>
  steps.flatMap((one) => (one.step === kind && 'target' in one ? [one.target] : []));

describe('the plan of a container', () => {
  it('isolates mounts first, leaves the host before it runs anything, and ends with the command', () => {
    const { steps, namespaces, join } = planOf();
    const order = names(steps);
    expect(namespaces).toEqual(['pid', 'mount', 'uts', 'ipc', 'cgroup']);
    expect(join).toEqual([{ kind: 'net', path: '/run/netns/x' }]);
    expect(order.slice(0, 3)).toEqual(['propagation', 'overlay', 'root']);
    expect(order.slice(-5)).toEqual(['pivot-root', 'chdir', 'seccomp', 'credentials', 'exec']);
  });

  it('filters as late as it can when no privileges can be gained', () => {
    const security = { ...base.security, noNewPrivileges: true };
    expect(names(planOf({ security }).steps).slice(-4)).toEqual([
      'no-new-privileges',
      'credentials',
      'seccomp',
      'exec',
    ]);
  });

  it('mounts outer targets before inner ones, in the order given', () => {
    const tmpfs = (target: string) => ({ kind: 'tmpfs', target, options: '' }) as const;
    const mounts = [tmpfs('/a/b/c'), tmpfs('/z'), tmpfs('/a'), tmpfs('/a/b')];
    expect(targets(planOf({ mounts }).steps, 'mount').slice(-4)).toEqual([
      '/z',
      '/a',
      '/a/b',
      '/a/b/c',
    ]);
  });

  it('shows version 1 hierarchies side by side, read-only, and a lone version 2 by itself', () => {
    const mixed = planOf().steps.filter(
      (one) => one.step === 'mount' && one.type.startsWith('cgroup'),
    );
    expect(mixed).toMatchObject([
      { target: '/sys/fs/cgroup/cpu,cpuacct', data: 'cpu,cpuacct' },
      { target: '/sys/fs/cgroup/systemd', data: 'none,name=systemd' },
      { target: '/sys/fs/cgroup/unified', type: 'cgroup2' },
    ]);
    for (const one of mixed) expect(one).toMatchObject({ flags: expect.arrayContaining(['ro']) });

    const hierarchies = [{ version: 2, mountpoint: '/sys/fs/cgroup', controllers: [] }] as const;
    const lone = planOf(
      {},
      { hierarchies: hierarchies.map((one) => ({ ...one, controllers: [] })) },
    );
    expect(targets(lone.steps, 'mount').filter((target) => target.includes('cgroup'))).toEqual([
      '/sys/fs/cgroup',
    ]);
  });

  it('hides nothing from the privileged, and gives them the host’s devices', () => {
    const security = { ...base.security, privileged: true };
    const devices = [{ path: '/dev/sda', kind: 'block', major: 8, minor: 0, mode: 0o660 }] as const;
    const { steps } = planOf({ security }, { devices, filter: undefined });
    expect(names(steps)).not.toContain('mask');
    expect(names(steps)).not.toContain('readonly');
    expect(names(steps)).not.toContain('seccomp');
    expect(targets(steps, 'mknod')).toEqual(['/dev/sda']);
    expect(targets(planOf().steps, 'mask')).toContain('/proc/kcore');
  });

  it('makes the root read-only after everything is mounted', () => {
    const rootfs = { ...container.rootfs, readonly: true };
    const { steps } = planOf({ rootfs });
    expect(steps[names(steps).indexOf('pivot-root') - 1]).toEqual({
      step: 'attributes',
      target: '/',
      attributes: ['ro'],
    });
  });
});

describe('the plan of an exec', () => {
  it('enters a process that is still the same, with nothing but the command to prepare', () => {
    const spec: ExecSpec = { ...base, pid: 42, start: '1234', tty: true };
    const plan = execPlan(spec, { entrances: around.entrances, filter: around.filter });
    expect(plan).toMatchObject({ namespaces: [], join: [], enter: { pid: 42, start: 1234n } });
    expect(names(plan.steps)).toEqual(['terminal', 'chdir', 'seccomp', 'credentials', 'exec']);
  });
});

describe('options of a tmpfs', () => {
  it('begin with Docker’s and let the last one hold', () => {
    expect(tmpfsOptions('')).toEqual({ flags: ['nosuid', 'nodev', 'noexec'], data: '' });
    expect(tmpfsOptions('exec,ro,size=64m,mode=1777,rw')).toEqual({
      flags: ['nosuid', 'nodev'],
      data: 'size=64m,mode=1777',
    });
  });

  it.each(['huge=always', 'size=', 'lowerdir=/etc', 'size=1m:x', '\0'])('refuse %j', (text) => {
    expect(() => tmpfsOptions(text)).toThrow('mount a tmpfs: it has no option');
  });
});
