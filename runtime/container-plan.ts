import type { MountFlag, Plan, PlanStep } from '../native/plan.ts';
import type { Hierarchy } from './cgroup/hierarchies.ts';
import { tmpfsOptions } from './mount-options.ts';
import { commandSteps } from './process-steps.ts';
import { DEVICE_LINKS, DEVICE_NODES } from './security/devices.ts';
import type { HostDevice } from './security/host-devices.ts';
import { MASKED_PATHS, READONLY_PATHS } from './security/paths.ts';
import type { ContainerSpec, Mount } from './spec.ts';

/** What a plan needs to know of the machine; gathered by the caller, so that planning is pure. */
export interface Surroundings {
  /** The files to enter the container's cgroup by, and where its out-of-memory kills are counted. */
  entrances: readonly string[];
  oom: { file: string; key: string } | undefined;
  /** The host's cgroup hierarchies, each shown to the container as its own. */
  hierarchies: readonly Hierarchy[];
  /** The compiled filter; undefined is none. */
  filter: Uint8Array | undefined;
  /** The host's devices; used by privileged containers only. */
  devices: readonly HostDevice[];
}

const NO_TRICKS = ['nosuid', 'nodev', 'noexec'] as const;

/** Everything that happens from a fresh process to the container's command, in order. */
export function containerPlan(spec: ContainerSpec, around: Surroundings): Plan {
  const { privileged } = spec.security;
  return {
    namespaces: ['pid', 'mount', 'uts', 'ipc', 'cgroup'],
    join: spec.netns === undefined ? [] : [{ kind: 'net', path: spec.netns }],
    cgroups: around.entrances,
    stdin: spec.stdin,
    supervision: { ...spec.paths, oom: around.oom, ports: spec.ports },
    steps: [
      ...rootSteps(spec),
      ...kernelFileSystems(privileged),
      ...cgroupSteps(around.hierarchies, privileged),
      ...deviceSteps(privileged ? around.devices : undefined),
      ...byDepth(spec.mounts).map(mountStep),
      { step: 'mkdir', target: spec.cwd },
      { step: 'hostname', name: spec.hostname },
      ...Object.entries(spec.sysctls).map(
        ([key, value]): PlanStep => ({ step: 'sysctl', key, value }),
      ),
      ...terminalSteps(spec.tty),
      ...(privileged ? [] : hidingSteps()),
      ...readonlyRoot(spec.rootfs.readonly),
      { step: 'pivot-root' },
      ...commandSteps(spec, around.filter),
    ],
  };
}

/** Nothing that is mounted from here on is seen outside. */
function rootSteps({ rootfs }: ContainerSpec): PlanStep[] {
  const { layers, upper, work, mountpoint } = rootfs;
  return [
    { step: 'propagation', mode: 'private' },
    { step: 'overlay', lower: layers, upper, work, mountpoint },
    { step: 'root', path: mountpoint },
  ];
}

function kernelFileSystems(privileged: boolean): PlanStep[] {
  return [
    { step: 'mount', type: 'proc', source: 'proc', target: '/proc', flags: NO_TRICKS },
    {
      step: 'mount',
      type: 'tmpfs',
      source: 'tmpfs',
      target: '/dev',
      flags: ['nosuid', 'noexec', 'strictatime'],
      data: 'mode=755,size=65536k',
    },
    {
      step: 'mount',
      type: 'devpts',
      source: 'devpts',
      target: '/dev/pts',
      flags: ['nosuid', 'noexec'],
      // Group 5 is tty on every distribution, as write(1) and wall(1) expect.
      data: 'newinstance,ptmxmode=0666,mode=0620,gid=5',
    },
    {
      step: 'mount',
      type: 'sysfs',
      source: 'sysfs',
      target: '/sys',
      flags: privileged ? NO_TRICKS : [...NO_TRICKS, 'ro'],
    },
    { step: 'mount', type: 'mqueue', source: 'mqueue', target: '/dev/mqueue', flags: NO_TRICKS },
    {
      step: 'mount',
      type: 'tmpfs',
      source: 'shm',
      target: '/dev/shm',
      flags: NO_TRICKS,
      data: 'mode=1777,size=65536k',
    },
  ];
}

/**
 * The cgroup file systems where every program looks for them. Mounted in the container's own cgroup
 * namespace, so that their roots are its own groups.
 */
function cgroupSteps(hierarchies: readonly Hierarchy[], privileged: boolean): PlanStep[] {
  const flags: MountFlag[] = privileged ? [...NO_TRICKS] : [...NO_TRICKS, 'ro'];
  const root = '/sys/fs/cgroup';
  const [only] = hierarchies;
  if (only?.version === 2 && hierarchies.length === 1) {
    return [{ step: 'mount', type: 'cgroup2', source: 'cgroup', target: root, flags }];
  }
  return [
    {
      step: 'mount',
      type: 'tmpfs',
      source: 'tmpfs',
      target: root,
      flags: NO_TRICKS,
      data: 'mode=755',
    },
    ...hierarchies.map(({ version, mountpoint, controllers }): PlanStep => {
      const name = mountpoint.slice(mountpoint.lastIndexOf('/') + 1);
      const target = `${root}/${name}`;
      if (version === 2) return { step: 'mount', type: 'cgroup2', source: 'cgroup', target, flags };
      // A hierarchy without controllers is named by `none` beside its own name (cgroups(7)).
      const named = controllers.every((controller) => controller.startsWith('name='));
      const data = [...(named ? ['none'] : []), ...controllers].join(',');
      return { step: 'mount', type: 'cgroup', source: 'cgroup', target, flags, data };
    }),
    ...(privileged
      ? []
      : [
          { step: 'attributes', target: root, attributes: ['ro', ...NO_TRICKS] } satisfies PlanStep,
        ]),
  ];
}

/** Docker's few devices, or all of the host's. */
function deviceSteps(all: readonly HostDevice[] | undefined): PlanStep[] {
  const devices: readonly HostDevice[] =
    all ?? DEVICE_NODES.map((node) => ({ ...node, kind: 'char', mode: 0o666 }));
  return [
    ...devices.map(({ path, kind, major, minor, mode }): PlanStep => {
      return { step: 'mknod', target: path, kind, major, minor, mode };
    }),
    ...DEVICE_LINKS.map(({ path, target }): PlanStep => {
      return { step: 'symlink', target: path, text: target };
    }),
  ];
}

/** A mount goes over what is mounted at its target or below: outer ones come first. */
function byDepth(mounts: readonly Mount[]): Mount[] {
  const depth = ({ target }: Mount): number =>
    target.split('/').filter((name) => name !== '').length;
  return [...mounts].sort((a, b) => depth(a) - depth(b));
}

function mountStep(mount: Mount): PlanStep {
  const { target } = mount;
  if (mount.kind === 'bind') {
    return { step: 'bind', source: mount.source, target, attributes: mount.readonly ? ['ro'] : [] };
  }
  const { flags, data } = tmpfsOptions(mount.options);
  return { step: 'mount', type: 'tmpfs', source: 'tmpfs', target, flags, data };
}

const terminalSteps = (tty: boolean): PlanStep[] =>
  tty ? [{ step: 'terminal', rows: 24, columns: 80, console: '/dev/console' }] : [];

const hidingSteps = (): PlanStep[] => [
  ...READONLY_PATHS.map((target): PlanStep => ({ step: 'readonly', target })),
  ...MASKED_PATHS.map((target): PlanStep => ({ step: 'mask', target })),
];

/** Last, as mount points had to be made in it until now. */
const readonlyRoot = (wanted: boolean): PlanStep[] =>
  wanted ? [{ step: 'attributes', target: '/', attributes: ['ro'] }] : [];
