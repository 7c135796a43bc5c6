/** bpf(2), as far as a cgroup's device program needs it. */
import { bind, ffi, libc } from './ffi.ts';
import { check, SysError } from './sys-error.ts';

/** The number of bpf(2), for which the C library has no function. */
const NUMBERS: Readonly<Record<string, number>> = { x64: 321, arm64: 280, riscv64: 280 };

// include/uapi/linux/bpf.h
const BPF_PROG_LOAD = 5;
const BPF_PROG_ATTACH = 8;
const BPF_PROG_TYPE_CGROUP_DEVICE = 15;
const BPF_CGROUP_DEVICE = 6;
const BPF_F_ALLOW_MULTI = 2;
const INSTRUCTION_SIZE = 8;
const LOG_SIZE = 65_536;
/** ENOSYS: there is no such call here. */
const ENOSYS = 38;

const syscall = bind<(number: number, command: number, attr: Buffer, size: number) => number>(
  libc,
  'long syscall(long number, int command, void *attr, uint size)',
);

function bpf(command: number, attr: Buffer, attempt: string): number {
  const number = NUMBERS[process.arch];
  if (number === undefined) throw new SysError({ syscall: 'bpf', errno: ENOSYS, attempt });
  return check(syscall(number, command, attr, attr.length), 'bpf', attempt);
}

/**
 * Loads instructions (struct bpf_insn[]) as a program of the device controller and returns its
 * descriptor. A refusal by the verifier carries the end of the verifier's own log.
 */
export function loadCgroupDeviceProgram(instructions: Buffer): number {
  const license = Buffer.from('MIT\0');
  const log = Buffer.alloc(LOG_SIZE);
  const load = (withLog: boolean): number => {
    const attr = Buffer.alloc(48); // union bpf_attr up to prog_flags
    attr.writeUInt32LE(BPF_PROG_TYPE_CGROUP_DEVICE, 0);
    attr.writeUInt32LE(instructions.length / INSTRUCTION_SIZE, 4);
    attr.writeBigUInt64LE(ffi().address(instructions), 8);
    attr.writeBigUInt64LE(ffi().address(license), 16);
    if (withLog) {
      attr.writeUInt32LE(1, 24);
      attr.writeUInt32LE(log.length, 28);
      attr.writeBigUInt64LE(ffi().address(log), 32);
    }
    return bpf(BPF_PROG_LOAD, attr, 'load the device program');
  };

  try {
    return load(false);
  } catch {
    // Once more for the verifier's words; it may also succeed, as loading can be interrupted.
    try {
      return load(true);
    } catch (error) {
      const text = log.subarray(0, log.indexOf(0)).toString('utf8').trim();
      if (!(error instanceof SysError) || text === '') throw error;
      const { errno } = error;
      const detail = text.split('\n').slice(-3).join('; ');
      throw new SysError({ syscall: 'bpf', errno, attempt: 'load the device program', detail });
    }
  }
}

/** Attaches a program to the cgroup of an open directory, beside those its ancestors have. */
export function attachToCgroup(program: number, cgroup: number): void {
  const attr = Buffer.alloc(16);
  attr.writeUInt32LE(cgroup, 0);
  attr.writeUInt32LE(program, 4);
  attr.writeUInt32LE(BPF_CGROUP_DEVICE, 8);
  attr.writeUInt32LE(BPF_F_ALLOW_MULTI, 12);
  bpf(BPF_PROG_ATTACH, attr, 'attach the device program');
}
