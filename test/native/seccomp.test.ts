import { expect, test } from 'vitest';
import { compileSeccomp, type SeccompProfile } from '../../native/seccomp.ts';

const profile: SeccompProfile = {
  defaultAction: 'errno',
  architectures: [],
  rules: [{ names: ['read', 'write', 'no_such_call'], action: 'allow' }],
};

/** What the program returns for a call: classic BPF over struct seccomp_data, as far as it is used. */
function verdict(filter: Uint8Array, nr: number, args: bigint[] = [], arch = 0xc000003e): number {
  const view = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  const data = Buffer.alloc(64);
  data.writeInt32LE(nr, 0);
  data.writeUInt32LE(arch, 4);
  for (const [i, value] of args.entries()) data.writeBigUInt64LE(value, 16 + 8 * i);
  let a = 0;
  for (let pc = 0; pc * 8 < filter.length; pc++) {
    const [code, jt, jf] = [
      view.getUint16(pc * 8, true),
      view.getUint8(pc * 8 + 2),
      view.getUint8(pc * 8 + 3),
    ];
    const k = view.getUint32(pc * 8 + 4, true);
    if (code === 0x20)
      a = data.readUInt32LE(k); // load word
    else if (code === 0x06)
      return k; // return
    else if (code === 0x05)
      pc += k; // jump
    else if (code === 0x15) pc += a === k ? jt : jf;
    else if (code === 0x25) pc += a > k ? jt : jf;
    else if (code === 0x35) pc += a >= k ? jt : jf;
    else if (code === 0x45) pc += (a & k) !== 0 ? jt : jf;
    else if (code === 0x54) a = (a & k) >>> 0;
    else throw new Error(`instruction ${code.toString(16)} at ${pc}`);
  }
  throw new Error('fell off the end');
}

const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const EPERM = 1;

test('named calls are allowed, all others refused, unknown names passed over', () => {
  const filter = compileSeccomp(profile);
  expect(filter.length % 8).toBe(0);
  expect(verdict(filter, 0)).toBe(ALLOW); // read
  expect(verdict(filter, 1)).toBe(ALLOW); // write
  expect(verdict(filter, 2)).toBe(ERRNO | EPERM); // open
});

test('conditions on different arguments hold together, on the same one they are alternatives', () => {
  const personality = 135;
  const filter = compileSeccomp({
    ...profile,
    defaultErrno: 38,
    rules: [
      {
        names: ['personality'],
        action: 'allow',
        args: [
          { index: 0, op: 'eq', value: 0n },
          { index: 0, op: 'eq', value: 8n },
        ],
      },
      {
        names: ['socket'],
        action: 'allow',
        args: [
          { index: 0, op: 'ne', value: 40n },
          { index: 1, op: 'masked-eq', value: 0xffn, valueTwo: 3n },
        ],
      },
    ],
  });
  expect(verdict(filter, personality, [0n])).toBe(ALLOW);
  expect(verdict(filter, personality, [8n])).toBe(ALLOW);
  expect(verdict(filter, personality, [1n])).toBe(ERRNO | 38);
  const socket = 41;
  expect(verdict(filter, socket, [1n, 0xf03n])).toBe(ALLOW);
  expect(verdict(filter, socket, [40n, 3n])).toBe(ERRNO | 38);
  expect(verdict(filter, socket, [1n, 1n])).toBe(ERRNO | 38);
});

test('another architecture is killed unless it was named', () => {
  const x86 = 0x40000003;
  expect(verdict(compileSeccomp(profile), 3, [], x86)).toBe(0);
  const filter = compileSeccomp({ ...profile, architectures: ['x86_64', 'x86', 'x32'] });
  expect(verdict(filter, 3, [], x86)).toBe(ALLOW); // its read
  expect(verdict(filter, 5, [], x86)).toBe(ERRNO | EPERM);
});

test('a call that is newer than libseccomp does not exist, wherever the default is an error', () => {
  const ENOSYS = 38;
  const filter = compileSeccomp({ ...profile, architectures: ['x86', 'x32'] });
  expect(verdict(filter, 900)).toBe(ERRNO | ENOSYS);
  expect(verdict(filter, 439)).toBe(ERRNO | EPERM); // faccessat2: known, and not allowed
  expect(verdict(filter, 0x40000000)).toBe(ALLOW); // x32's read
  expect(verdict(filter, 900, [], 0x40000003)).toBe(ERRNO | EPERM);
  const lenient = compileSeccomp({ defaultAction: 'allow', architectures: [], rules: [] });
  expect(verdict(lenient, 900)).toBe(ALLOW);
});

test('the same profile gives the same bytes', () => {
  expect(compileSeccomp(profile)).toEqual(compileSeccomp(profile));
});
