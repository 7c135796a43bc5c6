import { HawserError, prefixed } from '../errors.ts';
import { SysError } from '../native/sys-error.ts';

/** Puts the attempt before what fails, be it a sentence of ours or the kernel's. */
export function attempting<T>(attempt: string, work: () => T): T {
  return prefixed(attempt, () => inKernelWords(work));
}

/** What the kernel refuses is a failure that a user may meet, told in its words. */
export function inKernelWords<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof SysError)) throw cause;
    throw new HawserError('kernel', cause.message, { cause });
  }
}
