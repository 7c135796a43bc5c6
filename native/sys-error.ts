import { constants } from 'node:os';
import { bind, ffi, libc } from './ffi.ts';

const strerror = bind<(errno: number) => string>(libc, 'const char *strerror(int errnum)');

// Some names share a number; the kernel's own name for it is kept.
const synonyms = new Set(['EWOULDBLOCK', 'ENOTSUP']);
const names = new Map(
  Object.entries(constants.errno)
    .filter(([name]) => !synonyms.has(name))
    .map(([name, number]) => [number, name]),
);

/**
 * A system call that failed, in the kernel's words:
 * `mount /x on /y: Device or resource busy`,
 * `add route default via 10.0.0.1: Network is unreachable (Nexthop has invalid gateway)`.
 */
export class SysError extends Error {
  readonly syscall: string;
  /** Positive, as in errno(3). */
  readonly errno: number;
  /** The errno's name: `EEXIST`. */
  readonly code: string;
  /** What the kernel added in its own sentence (netlink's extended acknowledgement), if anything. */
  readonly detail: string | undefined;

  constructor(failure: {
    syscall: string;
    errno: number;
    attempt: string;
    detail?: string | undefined;
  }) {
    const { syscall, errno, attempt, detail } = failure;
    super(`${attempt}: ${strerror(errno)}${detail === undefined ? '' : ` (${detail})`}`);
    this.name = 'SysError';
    this.syscall = syscall;
    this.errno = errno;
    this.code = names.get(errno) ?? `E${errno}`;
    this.detail = detail;
  }
}

/** The errno of the last foreign call on this thread. */
export function lastErrno(): number {
  return ffi().errno();
}

/**
 * Hands through what a system call returned, or throws the SysError if that was -1.
 *
 * @param attempt what was tried, for the message: `mount /x on /y`
 */
export function check(result: number, syscall: string, attempt: string): number {
  if (result < 0) throw new SysError({ syscall, errno: lastErrno(), attempt });
  return result;
}

/** The errno's name for what strerror(3) says of it: `EEXIST` for `File exists`. */
export function errorNamed(text: string): string | undefined {
  for (const [number, name] of names) if (strerror(number) === text) return name;
  return undefined;
}

/** Whether this is a SysError, and for one of these reasons: `failedWith(error, 'ENODEV')`. */
export function failedWith(error: unknown, ...codes: string[]): error is SysError {
  return error instanceof SysError && codes.includes(error.code);
}
