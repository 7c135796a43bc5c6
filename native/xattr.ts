/** Extended attributes (xattr(7)), which Node does not offer. */
import { bind, libc } from './ffi.ts';
import { check, failedWith } from './sys-error.ts';

/** XATTR_SIZE_MAX: the kernel allows no longer value. */
const LONGEST_VALUE = 65_536;

const c = {
  fgetxattr: bind<(fd: number, name: string, value: Buffer, size: number) => number>(
    libc,
    'long fgetxattr(int fd, const char *name, void *value, size_t size)',
  ),
};

/** fgetxattr(2). Undefined if the file has no such attribute, or its file system has none at all. */
export function fgetxattr(fd: number, name: string): Buffer | undefined {
  const value = Buffer.allocUnsafe(LONGEST_VALUE);
  try {
    const size = c.fgetxattr(fd, name, value, value.length);
    return value.subarray(0, check(size, 'fgetxattr', `read attribute ${name}`));
  } catch (error) {
    if (failedWith(error, 'ENODATA', 'EOPNOTSUPP')) return undefined;
    throw error;
  }
}
