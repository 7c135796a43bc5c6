import { getSystemErrorMap } from 'node:util';
import { SysError } from '../../native/sys-error.ts';

/** The kernel refused an entry: a full disk, a name that is too long. */
export class UnpackError extends Error {
  override readonly name = 'UnpackError';
}

/** What the kernel said, without paths and Node's decoration; undefined if it was not the kernel. */
export function kernelWords(error: unknown): string | undefined {
  if (error instanceof SysError) return error.message;
  if (!(error instanceof Error && 'errno' in error)) return undefined;
  return getSystemErrorMap().get(Number(error.errno))?.[1] ?? error.message;
}
