import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bind, libc } from '../../native/ffi.ts';
import { inNetns, isPinned, netnsIdentity, pinNetns, unpinNetns } from '../../native/netns.ts';
import { failedWith } from '../../native/sys-error.ts';

let dir: string;
let pin: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hawser-netns-'));
  pin = join(dir, 'web');
});

afterEach(() => {
  for (const name of readdirSync(dir)) unpinNetns(join(dir, name));
  rmSync(dir, { recursive: true });
});

test('a pinned namespace is new, has lo up, and lives without a process', () => {
  const home = netnsIdentity();
  pinNetns(pin);
  expect(netnsIdentity()).toBe(home);
  expect(isPinned(pin)).toBe(true);
  expect(netnsIdentity(pin)).not.toBe(home);
  inNetns(pin, () => {
    expect(netnsIdentity()).toBe(netnsIdentity(pin));
    expect(readFileSync('/proc/thread-self/net/if_inet6', 'utf8')).toMatch(/^0{31}1 .* lo\n$/);
  });
  expect(netnsIdentity()).toBe(home);
});

test('unpinning is complete, and again is success', () => {
  pinNetns(pin);
  unpinNetns(pin);
  expect(existsSync(pin)).toBe(false);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(dir);
  unpinNetns(pin);
  writeFileSync(pin, ''); // as a process that is killed at the wrong moment leaves it
  expect(isPinned(pin)).toBe(false);
  unpinNetns(pin);
  expect(existsSync(pin)).toBe(false);
});

test('a name that is taken is refused and stays as it was', () => {
  pinNetns(pin);
  const before = netnsIdentity(pin);
  expect(() => pinNetns(pin)).toThrow(`open ${pin}: File exists`);
  expect(netnsIdentity(pin)).toBe(before);
});

test('whoever may not make a namespace is told so, and no file is left', () => {
  const message = withoutAdmin(() => {
    try {
      pinNetns(pin);
      return 'pinned';
    } catch (error) {
      return String(error);
    }
  });
  expect(message).toBe('SysError: make a network namespace: Operation not permitted');
  expect(readdirSync(dir)).toEqual([]);
});

test('work that is not synchronous is refused, and the thread comes back', () => {
  pinNetns(pin);
  const home = netnsIdentity();
  const later = (): never => Promise.resolve() as never; // as plain JavaScript could pass it
  expect(() => inNetns(pin, later)).toThrow('inNetns needs work that is synchronous');
  expect(netnsIdentity()).toBe(home);
});

test('a process whose way back is barred does not go on', () => {
  pinNetns(pin);
  const program = buildSync({
    stdin: {
      contents: `
        import { bind, libc } from './native/ffi.ts';
        import { inNetns } from './native/netns.ts';
        const capset = bind(libc, 'int capset(void *header, void *data)');
        const header = Buffer.alloc(8);
        header.writeUInt32LE(0x20080522, 0);
        inNetns(${JSON.stringify(pin)}, () => capset(header, Buffer.alloc(24)));
        console.log('went on');`,
      resolveDir: fileURLToPath(new URL('../..', import.meta.url)),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
  }).outputFiles[0]?.text;
  const command = 'ulimit -c 0; exec "$0" --input-type=module';
  const { signal, stdout, stderr } = spawnSync('sh', ['-c', command, process.execPath], {
    input: program ?? '',
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  expect(signal).toBe('SIGABRT');
  expect(stdout).toBe('');
  expect(stderr).toContain('there is no way back to the network namespace it came from');
});

test('an excursion comes back from an exception, and from another excursion', () => {
  const other = join(dir, 'db');
  const home = netnsIdentity();
  pinNetns(pin);
  pinNetns(other);
  expect(() =>
    inNetns(pin, () => {
      inNetns(other, () => expect(netnsIdentity()).toBe(netnsIdentity(other)));
      expect(netnsIdentity()).toBe(netnsIdentity(pin));
      throw new Error('on purpose');
    }),
  ).toThrow('on purpose');
  expect(netnsIdentity()).toBe(home);
});

test('a path that names no network namespace is refused by name', () => {
  writeFileSync(pin, '');
  const attempts = [pin, join(dir, 'none'), '/proc/self/ns/uts'].map((path) => {
    try {
      inNetns(path, () => {});
    } catch (error) {
      if (failedWith(error, 'EINVAL', 'ENOENT')) return error.message.includes(path);
    }
    return false;
  });
  expect(attempts).toEqual([true, true, true]);
});

/** Runs work on this thread without CAP_SYS_ADMIN in its effective set (capset(2)). */
function withoutAdmin<T>(work: () => T): T {
  type Call = (header: Buffer, data: Buffer) => number;
  const capget = bind<Call>(libc, 'int capget(void *header, _Out_ void *data)');
  const capset = bind<Call>(libc, 'int capset(void *header, void *data)');
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x20080522, 0); // _LINUX_CAPABILITY_VERSION_3
  const all = Buffer.alloc(24);
  expect(capget(header, all)).toBe(0);
  const fewer = Buffer.from(all);
  fewer.writeUInt32LE((all.readUInt32LE(0) & ~(1 << 21)) >>> 0, 0);
  expect(capset(header, fewer)).toBe(0);
  try {
    return work();
  } finally {
    expect(capset(header, all)).toBe(0);
  }
}
