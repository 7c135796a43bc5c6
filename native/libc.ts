/** The system calls that Node does not offer. All are synchronous and throw a SysError. */
import { constants } from 'node:os';
import { bind, libc } from './ffi.ts';
import { check, lastErrno } from './sys-error.ts';

export { failedWith, SysError } from './sys-error.ts';

const { EAGAIN, EINTR, EINVAL, ENOENT } = constants.errno;

const c = {
  ioctl: bind<(fd: number, request: number) => number>(libc, 'int ioctl(int fd, ulong request)'),
  open: bind<(path: string, flags: number, mode: number) => number>(
    libc,
    'int open(const char *path, int flags, uint mode)',
  ),
  close: bind<(fd: number) => number>(libc, 'int close(int fd)'),
  unlink: bind<(path: string) => number>(libc, 'int unlink(const char *path)'),
  flock: bind<(fd: number, operation: number) => number>(libc, 'int flock(int fd, int operation)'),
  mount: bind<
    (from: string, to: string, type: string | null, flags: number, data: string | null) => number
  >(
    libc,
    'int mount(const char *source, const char *target, const char *type, ulong flags, const char *data)',
  ),
  umount2: bind<(target: string, flags: number) => number>(
    libc,
    'int umount2(const char *target, int flags)',
  ),
};

/** open(2), always with O_CLOEXEC. */
export function open(path: string, flags: number, mode = 0): number {
  return check(c.open(path, flags | O_CLOEXEC, mode), 'open', `open ${path}`);
}

/** close(2). */
export function close(fd: number): void {
  // After EINTR the descriptor is gone all the same; closing it again could close somebody else's.
  if (c.close(fd) < 0 && lastErrno() !== EINTR) check(-1, 'close', `close descriptor ${fd}`);
}

/** unlink(2). Returns false if nothing has that name. */
export function unlink(path: string): boolean {
  if (c.unlink(path) < 0) {
    if (lastErrno() === ENOENT) return false;
    check(-1, 'unlink', `remove ${path}`);
  }
  return true;
}

/** Keeps a descriptor that some library has opened from being inherited by the programs we start. */
export function closeOnExec(fd: number): void {
  const FIOCLEX = 0x5451; // ioctl_tty(2)'s neighbour of FD_CLOEXEC, for want of a variadic fcntl(2)
  check(c.ioctl(fd, FIOCLEX), 'ioctl', `set close-on-exec on descriptor ${fd}`);
}

/** flock(2). Returns false if LOCK_NB was given and somebody else holds the lock. */
export function flock(fd: number, operation: number): boolean {
  while (c.flock(fd, operation) < 0) {
    const errno = lastErrno();
    if (errno === EAGAIN) return false;
    if (errno !== EINTR) check(-1, 'flock', `lock descriptor ${fd}`);
  }
  return true;
}

/** mount(2). `type` and `data` are null where the flags leave them without meaning. */
export function mount(
  source: string,
  target: string,
  type: string | null,
  flags: number,
  data: string | null = null,
): void {
  check(c.mount(source, target, type, flags, data), 'mount', `mount ${source} on ${target}`);
}

/** umount2(2). Returns false if nothing is mounted there, or nothing is there at all. */
export function umount(target: string, flags = 0): boolean {
  if (c.umount2(target, flags) < 0) {
    const errno = lastErrno();
    if (errno === EINVAL || errno === ENOENT) return false;
    check(-1, 'umount2', `unmount ${target}`);
  }
  return true;
}

// <fcntl.h>, <sys/file.h>, <sys/mount.h>
export const O_RDONLY = 0;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_CLOEXEC = 0o2000000;
export const LOCK_SH = 1;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const MS_BIND = 0x1000;
export const MNT_DETACH = 2;
