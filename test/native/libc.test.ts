import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  close,
  flock,
  LOCK_EX,
  LOCK_NB,
  MNT_DETACH,
  MS_BIND,
  mount,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  open,
  umount,
  unlink,
} from '../../native/libc.ts';
import { errorNamed, failedWith, SysError } from '../../native/sys-error.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hawser-libc-'));
});

afterEach(() => rmSync(dir, { recursive: true }));

test('an error names the attempt, and the cause in the words of the C library', () => {
  const path = join(dir, 'none');
  try {
    open(path, O_RDONLY);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(SysError);
    expect(error).toMatchObject({ syscall: 'open', errno: 2, code: 'ENOENT', detail: undefined });
    expect(String(error)).toBe(`SysError: open ${path}: No such file or directory`);
    expect(failedWith(error, 'EACCES', 'ENOENT')).toBe(true);
    expect(failedWith(error, 'EACCES')).toBe(false);
  }
});

test('errnos of two names go by the one that the kernel uses', () => {
  const code = (errno: number) => new SysError({ syscall: 'x', errno, attempt: 'try' }).code;
  expect([11, 95, 93, 4095].map(code)).toEqual([
    'EAGAIN',
    'EOPNOTSUPP',
    'EPROTONOSUPPORT',
    'E4095',
  ]);
  expect(errorNamed('File exists')).toBe('EEXIST');
  expect(errorNamed('set is not a map')).toBeUndefined();
});

test('descriptors are not handed on to programs, and files go once', () => {
  const path = join(dir, 'file');
  const fd = open(path, O_RDONLY | O_CREAT | O_EXCL, 0o640);
  expect(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')).toMatch(/^flags:\s+02\d{6}$/m);
  expect(statSync(path).mode & 0o777).toBe(0o640 & ~process.umask());
  expect(() => open(path, O_RDONLY | O_CREAT | O_EXCL)).toThrow('File exists');
  close(fd);
  expect(() => close(fd)).toThrow('Bad file descriptor');
  expect(unlink(path)).toBe(true);
  expect(unlink(path)).toBe(false);
});

test('a lock is held by one, and waits for nobody if so asked', () => {
  const first = open(dir, O_RDONLY);
  const second = open(dir, O_RDONLY);
  expect(flock(first, LOCK_EX | LOCK_NB)).toBe(true);
  expect(flock(second, LOCK_EX | LOCK_NB)).toBe(false);
  close(first);
  expect(flock(second, LOCK_EX | LOCK_NB)).toBe(true);
  close(second);
});

test('mounts come and go, and what is not mounted is no failure to unmount', () => {
  mount('/proc/sys', dir, null, MS_BIND);
  try {
    expect(statSync(join(dir, 'kernel')).isDirectory()).toBe(true);
  } finally {
    expect(umount(dir, MNT_DETACH)).toBe(true);
  }
  expect(umount(dir)).toBe(false);
  expect(umount(join(dir, 'none'))).toBe(false);
  expect(() => mount('none', dir, 'nonsense', 0)).toThrow(`mount none on ${dir}: No such device`);
});
