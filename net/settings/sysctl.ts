/**
 * /proc/sys/net of the network namespace that the thread is in: the kernel resolves it by the task
 * that opens the file, so synchronous file calls on the main thread follow an excursion.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { HawserError } from '../../errors.ts';

/** The value, or undefined if this kernel has no such setting (IPv6 switched off, say). */
export function readSysctl(path: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/net/${path}`, 'utf8').trim();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * Sets a value unless it is set already.
 *
 * @returns whether it had to be changed; false as well if this kernel has no such setting
 */
export function ensureSysctl(path: string, value: string): boolean {
  const before = readSysctl(path);
  if (before === undefined || before === value) return false;
  try {
    writeFileSync(`/proc/sys/net/${path}`, value);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split(',')[0] : String(cause);
    const name = `net/${path}`.replaceAll('/', '.');
    throw new HawserError('kernel', `set ${name} to ${value}: ${why}`, { cause });
  }
  return true;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
