/** What Node cannot make: nodes that are no files, and extended attributes. Paths are bytes. */
import { constants } from 'node:fs';
import { bind, libc } from '../../native/ffi.ts';
import { check } from '../../native/sys-error.ts';

const c = {
  mknod: bind<(path: Buffer, mode: number, device: number) => number>(
    libc,
    'int mknod(const void *path, uint mode, ulong device)',
  ),
  lsetxattr: bind<
    (path: Buffer, name: string, value: Buffer, size: number, flags: number) => number
  >(
    libc,
    'int lsetxattr(const void *path, const char *name, const void *value, size_t size, int flags)',
  ),
  syncfs: bind<(fd: number) => number>(libc, 'int syncfs(int fd)'),
};

/** mknod(2) of a character device. */
export function makeCharacterDevice(
  path: Buffer,
  mode: number,
  device: { major: number; minor: number },
): void {
  makeNode(path, constants.S_IFCHR | mode, device);
}

/** mknod(2) of a fifo. */
export function makeFifo(path: Buffer, mode: number): void {
  makeNode(path, constants.S_IFIFO | mode, { major: 0, minor: 0 });
}

function makeNode(path: Buffer, mode: number, device: { major: number; minor: number }): void {
  check(c.mknod(terminated(path), mode, makedev(device)), 'mknod', 'make a node');
}

/** lsetxattr(2): of the node itself, also if it is a symlink. */
export function setAttribute(path: Buffer, name: string, value: Buffer): void {
  const result = c.lsetxattr(terminated(path), name, value, value.length, 0);
  check(result, 'lsetxattr', `set the attribute ${name}`);
}

/** syncfs(2): what was written to the file system that holds this descriptor survives power loss. */
export function syncFileSystem(fd: number): void {
  check(c.syncfs(fd), 'syncfs', 'write the file system to disk');
}

/** A device number for numbers below 256, which makedev(3) puts into one 16-bit word. */
function makedev({ major, minor }: { major: number; minor: number }): number {
  return (major << 8) | minor;
}

function terminated(path: Buffer): Buffer {
  return Buffer.concat([path, Buffer.of(0)]);
}
