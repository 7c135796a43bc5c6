import { closeSync, constants, openSync } from 'node:fs';
import { attachToCgroup, loadCgroupDeviceProgram } from '../../native/bpf.ts';
import type { DeviceRule } from '../security/devices.ts';

/**
 * Version 2 has no device files: which devices may be used is decided by a BPF program that the
 * kernel runs at each mknod(2) and open(2) in the group. Its argument is
 *
 *     struct bpf_cgroup_dev_ctx { u32 access_type; u32 major; u32 minor; };
 *
 * where the lower 16 bits of access_type are the kind and the upper 16 the access; returning 1
 * allows, 0 refuses (include/uapi/linux/bpf.h). The program is the list of rules, one after another:
 * each either jumps to the next or allows, and the end refuses.
 */

const KIND = { block: 1, char: 2 };
const ACCESS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const ALL_ACCESS = 7;

/** Registers: the result, the context, and what is read from it once at the beginning. */
const [R0, R1, R2, R3, R4, R5] = [0, 1, 2, 3, 4, 5];

/** Instructions: include/uapi/linux/bpf.h and Documentation/bpf/standardization/instruction-set.rst. */
export const OPCODE = {
  loadWord: 0x61, // dst = *(u32 *)(src + offset)
  move32: 0xbc, // dst = src
  move32Constant: 0xb4, // dst = constant
  and32Constant: 0x54, // dst &= constant
  shiftRight32Constant: 0x74, // dst >>= constant
  jumpIfNotEqual: 0x55, // if dst != constant, skip `offset` instructions
  jumpIfNotEqualRegister: 0x5d, // if dst != src, skip `offset` instructions
  exit: 0x95,
} as const;

/** One instruction of eight bytes. */
export interface Instruction {
  code: number;
  to?: number;
  from?: number;
  offset?: number;
  constant?: number;
}

/** The program that allows what the rules allow, and nothing else. */
export function deviceProgram(rules: readonly DeviceRule[]): Instruction[] {
  const { loadWord, and32Constant, shiftRight32Constant, move32 } = OPCODE;
  return [
    { code: loadWord, to: R2, from: R1, offset: 0 },
    { code: move32, to: R3, from: R2 },
    { code: and32Constant, to: R2, constant: 0xffff }, // R2: kind
    { code: shiftRight32Constant, to: R3, constant: 16 }, // R3: access
    { code: loadWord, to: R4, from: R1, offset: 4 }, // R4: major
    { code: loadWord, to: R5, from: R1, offset: 8 }, // R5: minor
    ...rules.flatMap(ruleInstructions),
    ...answer(0),
  ];
}

/** Allows if everything fits; each test that fails skips what is left of this rule. */
function ruleInstructions({ kind, major, minor, access }: DeviceRule): Instruction[] {
  const { jumpIfNotEqual, jumpIfNotEqualRegister, move32, and32Constant } = OPCODE;
  const mask = [...access].reduce((bits, letter) => bits | (ACCESS[letter] ?? 0), 0);

  const tests: Instruction[] = [{ code: jumpIfNotEqual, to: R2, constant: KIND[kind] }];
  if (mask !== ALL_ACCESS) {
    // Everything asked for must be allowed: access & mask == access.
    tests.push(
      { code: move32, to: R1, from: R3 },
      { code: and32Constant, to: R1, constant: mask },
      { code: jumpIfNotEqualRegister, to: R1, from: R3 },
    );
  }
  if (major !== undefined) tests.push({ code: jumpIfNotEqual, to: R4, constant: major });
  if (minor !== undefined) tests.push({ code: jumpIfNotEqual, to: R5, constant: minor });

  const rule = [...tests, ...answer(1)];
  return rule.map((one, index) => {
    const jumps = one.code === jumpIfNotEqual || one.code === jumpIfNotEqualRegister;
    return jumps ? { ...one, offset: rule.length - index - 1 } : one;
  });
}

const answer = (value: 0 | 1): Instruction[] => [
  { code: OPCODE.move32Constant, to: R0, constant: value },
  { code: OPCODE.exit },
];

/** struct bpf_insn: code, two register numbers in one byte, offset, constant; little-endian hosts. */
export function encodeProgram(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, { code, to = 0, from = 0, offset = 0, constant = 0 }] of program.entries()) {
    bytes.writeUInt8(code, index * 8);
    bytes.writeUInt8((from << 4) | to, index * 8 + 1);
    bytes.writeInt16LE(offset, index * 8 + 2);
    bytes.writeInt32LE(constant, index * 8 + 4);
  }
  return bytes;
}

/** Puts the rules in force in a group; they go with it. */
export function attachDeviceProgram(group: string, rules: readonly DeviceRule[]): void {
  const program = loadCgroupDeviceProgram(encodeProgram(deviceProgram(rules)));
  try {
    const directory = openSync(group, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      attachToCgroup(program, directory);
    } finally {
      closeSync(directory);
    }
  } finally {
    closeSync(program);
  }
}
