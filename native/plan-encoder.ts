/** A plan as the launcher reads it: little-endian, length-prefixed (native/launcher/plan.h). */

import type {
  MountAttribute,
  MountFlag,
  NamespaceKind,
  Plan,
  PlanStep,
  Rlimit,
  Supervision,
} from './plan.ts';
import { PlanWriter } from './plan-writer.ts';
import { encodePortRun } from './port-run.ts';

const MAGIC = 0x314c5748; // "HWL1"

// The numbers below are the kernel's: linux/sched.h, linux/mount.h, asm-generic/resource.h, stat.h.
const namespaceFlags: Record<NamespaceKind, number> = {
  mount: 0x00020000,
  cgroup: 0x02000000,
  uts: 0x04000000,
  ipc: 0x08000000,
  pid: 0x20000000,
  net: 0x40000000,
};
const mountFlags: Record<MountFlag, number> = {
  ro: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  sync: 16,
  noatime: 1 << 10,
  nodiratime: 1 << 11,
  relatime: 1 << 21,
  strictatime: 1 << 24,
};
const mountAttributes: Record<MountAttribute, number> = {
  ro: 0x1,
  nosuid: 0x2,
  nodev: 0x4,
  noexec: 0x8,
  noatime: 0x10,
  nosymfollow: 0x200000,
};
const propagation = { private: 1 << 18, slave: 1 << 19 } as const;
const deviceKinds = { char: 0o020000, block: 0o060000 } as const;
const rlimits: readonly Rlimit[] = [
  ...(['cpu', 'fsize', 'data', 'stack', 'core', 'rss', 'nproc', 'nofile'] as const),
  ...(['memlock', 'as', 'locks', 'sigpending', 'msgqueue', 'nice', 'rtprio', 'rttime'] as const),
];
const INFINITY = 0xffff_ffff_ffff_ffffn;

type StepName = PlanStep['step'];
type StepOf<N extends StepName> = Extract<PlanStep, { step: N }>;
type StepEncoders = {
  [N in StepName]: readonly [opcode: number, fields: (w: PlanWriter, step: StepOf<N>) => void];
};

/** The numbers are those of native/launcher/steps.c, the order of fields that of each step there. */
const steps: StepEncoders = {
  propagation: [1, (w, s) => w.u32(propagation[s.mode])],
  overlay: [
    2,
    (w, s) => {
      w.list(s.lower);
      for (const text of [s.upper, s.work, s.mountpoint, s.options ?? '']) w.string(text);
    },
  ],
  root: [3, (w, s) => w.string(s.path)],
  mount: [
    4,
    (w, s) => {
      for (const text of [s.type, s.source, s.target]) w.string(text);
      w.u32(bits(mountFlags, s.flags));
      w.string(s.data ?? '');
    },
  ],
  bind: [
    5,
    (w, s) => {
      w.string(s.source);
      w.string(s.target);
      w.u32(bits(mountAttributes, s.attributes));
    },
  ],
  attributes: [
    6,
    (w, s) => {
      w.string(s.target);
      w.u32(bits(mountAttributes, s.attributes));
    },
  ],
  mask: [7, (w, s) => w.string(s.target)],
  readonly: [8, (w, s) => w.string(s.target)],
  mkdir: [
    9,
    (w, s) => {
      w.string(s.target);
      w.u32(s.mode ?? 0o755);
    },
  ],
  symlink: [
    10,
    (w, s) => {
      w.string(s.target);
      w.string(s.text);
    },
  ],
  mknod: [
    11,
    (w, s) => {
      w.string(s.target);
      for (const value of [deviceKinds[s.kind] | s.mode, s.major, s.minor]) w.u32(value);
    },
  ],
  sysctl: [
    12,
    (w, s) => {
      w.string(sysctlPath(s.key));
      w.string(s.value);
    },
  ],
  hostname: [13, (w, s) => w.string(s.name)],
  domainname: [14, (w, s) => w.string(s.name)],
  terminal: [
    15,
    (w, s) => {
      w.u32(s.rows);
      w.u32(s.columns);
      w.string(s.console ?? '');
    },
  ],
  'pivot-root': [16, () => {}],
  chdir: [17, (w, s) => w.string(s.path)],
  rlimit: [
    18,
    (w, s) => {
      w.u32(rlimits.indexOf(s.resource));
      w.u64(s.soft ?? INFINITY);
      w.u64(s.hard ?? INFINITY);
    },
  ],
  'oom-score': [19, (w, s) => w.u32(s.value >>> 0)],
  'no-new-privileges': [20, () => {}],
  seccomp: [21, (w, s) => w.bytes(s.filter)],
  credentials: [
    22,
    (w, { uid, gid, groups, capabilities: c }) => {
      for (const value of [uid, gid, groups.length, ...groups]) w.u32(value);
      for (const set of [c.bounding, c.effective, c.permitted, c.inheritable, c.ambient]) {
        w.u64(set);
      }
    },
  ],
  exec: [
    23,
    (w, s) => {
      w.list(s.args);
      w.list(s.env);
    },
  ],
};

/** Throws a TypeError if a text holds a NUL, which no system call can take. */
export function encodePlan(plan: Plan): Buffer {
  const w = new PlanWriter();
  w.u32(bits(namespaceFlags, plan.namespaces));
  w.u32(plan.join.length);
  for (const { kind, path } of plan.join) {
    w.u32(namespaceFlags[kind]);
    w.string(path);
  }
  w.u32(plan.enter?.pid ?? 0);
  w.u64(plan.enter?.start ?? 0n);
  w.list(plan.cgroups);
  w.u32(plan.stdin ? 1 : 0);
  w.u32(plan.steps.some(({ step }) => step === 'terminal') ? 1 : 0);
  supervision(w, plan.supervision);
  w.u32(plan.steps.length);
  for (const step of plan.steps) encodeStep(w, step);

  const body = w.finish();
  const head = Buffer.alloc(8);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body]);
}

function supervision(w: PlanWriter, s: Supervision): void {
  for (const path of [s.socket, s.exit, s.pid, s.log ?? '']) w.string(path);
  w.string(s.oom?.file ?? '');
  w.string(s.oom?.key ?? '');
  w.list(s.onExit);
  w.bytes(Buffer.concat(s.ports.map(encodePortRun)));
}

function encodeStep<N extends StepName>(w: PlanWriter, step: StepOf<N> & { step: N }): void {
  const [opcode, fields] = steps[step.step];
  w.u32(opcode);
  fields(w, step);
}

function bits<Name extends string>(flags: Record<Name, number>, names: readonly Name[]): number {
  return names.reduce((set, name) => set | flags[name], 0);
}

/** sysctl(8): the first separator decides; with dots, a slash stands for a dot within a name. */
function sysctlPath(key: string): string {
  const separator = /[./]/.exec(key)?.[0];
  if (separator !== '.') return key;
  return key.replace(/[./]/g, (character) => (character === '.' ? '/' : '.'));
}
