/** System call filters: a profile of names becomes the kernel's bytes, through libseccomp(3). */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { bind, libc, library } from './ffi.ts';
import { check, SysError } from './sys-error.ts';

export interface SeccompProfile {
  /** For every call that no rule names. */
  defaultAction: SeccompAction;
  /** With defaultAction `errno`: default EPERM. */
  defaultErrno?: number;
  rules: readonly SeccompRule[];
  /** Besides the machine's own: those its kernel also runs, `x86` and `x32` on x86_64. */
  architectures: readonly SeccompArchitecture[];
}

export interface SeccompRule {
  /** Calls that libseccomp does not know on any of the architectures are passed over. */
  names: readonly string[];
  action: SeccompAction;
  /** With action `errno`: default EPERM. */
  errno?: number;
  /** All must hold; but several about one argument are alternatives, as in OCI profiles. */
  args?: readonly SeccompArgument[];
}

export interface SeccompArgument {
  /** 0 to 5. */
  index: number;
  op: 'ne' | 'lt' | 'le' | 'eq' | 'ge' | 'gt' | 'masked-eq';
  /** With `masked-eq` this is the mask. */
  value: bigint;
  /** With `masked-eq`: what the masked argument must equal. */
  valueTwo?: bigint;
}

export type SeccompAction = 'allow' | 'errno' | 'log' | 'trap' | 'kill-thread' | 'kill-process';
export type SeccompArchitecture = keyof typeof architectures;

// The values are those of seccomp.h (SCMP_ACT_*, SCMP_ARCH_*, enum scmp_compare, scmp_filter_attr).
const actions: Record<SeccompAction, number> = {
  allow: 0x7fff0000,
  errno: 0x00050000,
  log: 0x7ffc0000,
  trap: 0x00030000,
  'kill-thread': 0,
  'kill-process': 0x80000000,
};
const architectures = {
  x86_64: 0xc000003e,
  x86: 0x40000003,
  x32: 0x4000003e,
  aarch64: 0xc00000b7,
  arm: 0x40000028,
} as const;
const operators = { ne: 1, lt: 2, le: 3, eq: 4, ge: 5, gt: 6, 'masked-eq': 7 } as const;
const OPTIMIZE = 8;
const BINARY_TREE = 2;
const UNKNOWN_CALL = -1;
/** x32 calls come as the machine's own, with this bit (__X32_SYSCALL_BIT); libseccomp sorts them out. */
const X32_CALLS = 0x40000000;
/** BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ/JGE/JGT|BPF_K, BPF_RET|BPF_K: linux/bpf_common.h */
const BPF = { load: 0x20, ifEqual: 0x15, ifAtLeast: 0x35, ifAbove: 0x25, return: 0x06 } as const;

type Context = object;
const seccomp = library('libseccomp.so.2');
const s = {
  init: bind<(action: number) => Context | null>(seccomp, 'void *seccomp_init(uint32_t action)'),
  release: bind<(context: Context) => void>(seccomp, 'void seccomp_release(void *context)'),
  archAdd: bind<(context: Context, token: number) => number>(
    seccomp,
    'int seccomp_arch_add(void *context, uint32_t token)',
  ),
  attrSet: bind<(context: Context, attribute: number, value: number) => number>(
    seccomp,
    'int seccomp_attr_set(void *context, int attribute, uint32_t value)',
  ),
  resolve: bind<(name: string) => number>(
    seccomp,
    'int seccomp_syscall_resolve_name(const char *name)',
  ),
  ruleAdd: bind<
    (context: Context, action: number, call: number, count: number, args: Buffer) => number
  >(
    seccomp,
    'int seccomp_rule_add_array(void *context, uint32_t action, int call, uint count, const void *args)',
  ),
  nativeArch: bind<() => number>(seccomp, 'uint32_t seccomp_arch_native(void)'),
  nameOf: bind<(architecture: number, call: number) => object | null>(
    seccomp,
    'void *seccomp_syscall_resolve_num_arch(uint32_t architecture, int call)',
  ),
  exportBpf: bind<(context: Context, fd: number) => number>(
    seccomp,
    'int seccomp_export_bpf(void *context, int fd)',
  ),
};
const free = bind<(memory: object) => void>(libc, 'void free(void *memory)');
const memfdCreate = bind<(name: string, flags: number) => number>(
  libc,
  'int memfd_create(const char *name, uint flags)',
);
const MFD_CLOEXEC = 1;

/**
 * Compiles a profile to a filter program (struct sock_filter[]), as the `seccomp` step takes it.
 * Takes some milliseconds for a few hundred calls; the same profile always gives the same bytes.
 */
export function compileSeccomp(profile: SeccompProfile): Uint8Array {
  const context = s.init(actionValue(profile.defaultAction, profile.defaultErrno));
  if (context === null) throw failure(-constants.errno.EINVAL, 'begin a filter');
  try {
    for (const name of profile.architectures) {
      const result = s.archAdd(context, architectures[name]);
      // The machine's own is there from the start.
      if (result !== -constants.errno.EEXIST) verify(result, `add the architecture ${name}`);
    }
    verify(s.attrSet(context, OPTIMIZE, BINARY_TREE), 'optimise the filter');
    for (const rule of profile.rules) addRule(context, profile, rule);
    const filter = exported(context);
    return profile.defaultAction === 'errno' ? Buffer.concat([unknownCalls(), filter]) : filter;
  } finally {
    s.release(context);
  }
}

function addRule(context: Context, profile: SeccompProfile, rule: SeccompRule): void {
  const action = actionValue(rule.action, rule.errno);
  // libseccomp refuses a rule that says what happens anyway.
  if (action === actionValue(profile.defaultAction, profile.defaultErrno)) return;
  const conditions = alternatives(rule.args ?? []).map(encodeArguments);
  for (const name of rule.names) {
    const call = s.resolve(name);
    if (call === UNKNOWN_CALL) continue;
    for (const { count, bytes } of conditions) {
      verify(s.ruleAdd(context, action, call, count, bytes), `add a rule for ${name}`);
    }
  }
}

/** Conditions on different arguments hold together; two on the same one are two rules. */
function alternatives(args: readonly SeccompArgument[]): (readonly SeccompArgument[])[] {
  const distinct = new Set(args.map((arg) => arg.index)).size === args.length;
  return distinct ? [args] : args.map((arg) => [arg]);
}

/** struct scmp_arg_cmp[]: unsigned arg, enum op, u64 datum_a, u64 datum_b. */
function encodeArguments(args: readonly SeccompArgument[]): { count: number; bytes: Buffer } {
  const bytes = Buffer.alloc(Math.max(args.length, 1) * 24);
  args.forEach((arg, i) => {
    bytes.writeUInt32LE(arg.index, i * 24);
    bytes.writeUInt32LE(operators[arg.op], i * 24 + 4);
    bytes.writeBigUInt64LE(arg.value, i * 24 + 8);
    bytes.writeBigUInt64LE(arg.valueTwo ?? 0n, i * 24 + 16);
  });
  return { count: args.length, bytes };
}

function actionValue(action: SeccompAction, errno = constants.errno.EPERM): number {
  return action === 'errno' ? actions.errno | errno : actions[action];
}

/**
 * The beginning of a filter whose default is an error: calls that are newer than this libseccomp get
 * ENOSYS. A C library that hears EPERM, where the profile could not name the call that it tries
 * first, takes it for final; ENOSYS makes it try the older one (runc does the same).
 */
function unknownCalls(): Uint8Array {
  const native = s.nativeArch();
  // struct seccomp_data: int nr, u32 arch. A jump counts the instructions it passes over.
  return Buffer.concat([
    instruction(BPF.load, 4),
    instruction(BPF.ifEqual, native, 0, 4),
    instruction(BPF.load, 0),
    instruction(BPF.ifAtLeast, X32_CALLS, 2, 0),
    instruction(BPF.ifAbove, newestCall(native), 0, 1),
    instruction(BPF.return, actionValue('errno', constants.errno.ENOSYS)),
  ]);
}

/** The highest number that libseccomp has a name for. */
function newestCall(architecture: number): number {
  for (let call = 1023; call > 0; call--) {
    const name = s.nameOf(architecture, call);
    if (name === null) continue;
    free(name);
    return call;
  }
  return 0;
}

/** struct sock_filter: u16 code, u8 jump if true, u8 jump if false, u32 operand. */
function instruction(code: number, operand: number, whenTrue = 0, whenFalse = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(whenTrue, 2);
  bytes.writeUInt8(whenFalse, 3);
  bytes.writeUInt32LE(operand, 4);
  return bytes;
}

/** libseccomp 2.5 writes only to a descriptor. */
function exported(context: Context): Uint8Array {
  const fd = check(memfdCreate('seccomp', MFD_CLOEXEC), 'memfd_create', 'make a memory file');
  try {
    verify(s.exportBpf(context, fd), 'write the filter');
    const filter = new Uint8Array(fstatSync(fd).size);
    readSync(fd, filter, 0, filter.length, 0);
    return filter;
  } finally {
    closeSync(fd);
  }
}

/** libseccomp's functions return a negative errno. */
function verify(result: number, attempt: string): void {
  if (result < 0) throw failure(result, attempt);
}

function failure(result: number, attempt: string): SysError {
  return new SysError({ syscall: 'seccomp', errno: -result, attempt: `seccomp: ${attempt}` });
}
