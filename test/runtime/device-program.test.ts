import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  attachDeviceProgram,
  deviceProgram,
  encodeProgram,
  type Instruction,
  OPCODE,
} from '../../runtime/cgroup/device-program.ts';
import { parseHierarchies } from '../../runtime/cgroup/hierarchies.ts';
import { DEVICE_RULES } from '../../runtime/security/devices.ts';

/** Runs a program as the kernel would, on struct bpf_cgroup_dev_ctx. */
function run(program: Instruction[], context: number[]): number {
  const registers = new Array<number>(11).fill(0);
  for (let at = 0; at < program.length; at += 1) {
    const { code, to = 0, from = 0, offset = 0, constant = 0 } = program[at] ?? { code: 0 };
    const [a = 0, b = 0] = [registers[to], registers[from]];
    if (code === OPCODE.exit) return registers[0] ?? 0;
    if (code === OPCODE.loadWord) registers[to] = context[offset / 4] ?? Number.NaN;
    else if (code === OPCODE.move32) registers[to] = b;
    else if (code === OPCODE.move32Constant) registers[to] = constant;
    else if (code === OPCODE.and32Constant) registers[to] = a & constant;
    else if (code === OPCODE.shiftRight32Constant) registers[to] = a >>> constant;
    else if (code === OPCODE.jumpIfNotEqual) at += a === constant ? 0 : offset;
    else if (code === OPCODE.jumpIfNotEqualRegister) at += a === b ? 0 : offset;
    else throw new Error(`unknown instruction ${code}`);
  }
  throw new Error('the program ran past its end');
}

const [BLOCK, CHAR] = [1, 2];
const [MKNOD, READ, WRITE] = [1, 2, 4];
const program = deviceProgram(DEVICE_RULES);
const ask = (kind: number, access: number, major: number, minor: number): number =>
  run(program, [(access << 16) | kind, major, minor]);

describe('the device program', () => {
  it('allows all access to the devices of a container', () => {
    expect(ask(CHAR, READ | WRITE, 1, 3)).toBe(1);
    expect(ask(CHAR, WRITE, 5, 1)).toBe(1);
    expect(ask(CHAR, READ | WRITE | MKNOD, 136, 77)).toBe(1);
  });

  it('allows any device file to be made, but not opened', () => {
    expect(ask(BLOCK, MKNOD, 8, 0)).toBe(1);
    expect(ask(BLOCK, READ, 8, 0)).toBe(0);
    expect(ask(BLOCK, MKNOD | READ, 8, 0)).toBe(0);
    expect(ask(CHAR, READ, 1, 1)).toBe(0);
    expect(ask(CHAR, READ, 10, 200)).toBe(0);
  });

  it('tells kinds apart: block 1:3 is not /dev/null', () => {
    expect(ask(BLOCK, READ, 1, 3)).toBe(0);
  });

  it('refuses everything without rules', () => {
    expect(run(deviceProgram([]), [(READ << 16) | CHAR, 1, 3])).toBe(0);
  });

  it('is encoded as struct bpf_insn', () => {
    const bytes = encodeProgram(deviceProgram([{ kind: 'char', major: 1, minor: 3, access: 'r' }]));
    expect(bytes.toString('hex').match(/.{16}/g)).toEqual([
      '6112000000000000', // r2 = *(u32 *)(r1 + 0)
      'bc23000000000000', // w3 = w2
      '54020000ffff0000', // w2 &= 0xffff
      '7403000010000000', // w3 >>= 16
      '6114040000000000', // r4 = *(u32 *)(r1 + 4)
      '6115080000000000', // r5 = *(u32 *)(r1 + 8)
      '5502070002000000', // if r2 != 2 goto +7
      'bc31000000000000', // w1 = w3
      '5401000002000000', // w1 &= 2
      '5d31040000000000', // if r1 != r3 goto +4
      '5504030001000000', // if r4 != 1 goto +3
      '5505020003000000', // if r5 != 3 goto +2
      'b400000001000000', // w0 = 1
      '9500000000000000', // exit
      'b400000000000000', // w0 = 0
      '9500000000000000', // exit
    ]);
  });

  it('is taken by the kernel, and obeyed', () => {
    const hierarchies = parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'));
    const tree = hierarchies.find(({ version }) => version === 2)?.mountpoint;
    if (tree === undefined) throw new Error('no version 2 hierarchy is mounted');
    const group = join(tree, `hawser-test-${process.pid}-devices`);
    const directory = mkdtempSync(join(tmpdir(), 'hawser-devices-'));
    mkdirSync(group);
    try {
      attachDeviceProgram(group, DEVICE_RULES);
      const script = `
        echo $$ > ${group}/cgroup.procs
        echo x > /dev/null && head -c1 /dev/zero > /dev/null && echo allowed
        mknod ${directory}/disk b 7 0 && head -c1 ${directory}/disk 2>&1`;
      const { stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
      expect(stdout).toMatch(/^allowed\nhead: .*Operation not permitted\n$/);
    } finally {
      rmdirSync(group);
      rmSync(directory, { recursive: true });
    }
  });
});
