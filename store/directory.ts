import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HawserError } from '../errors.ts';

export const DATA_FILE = 'hawser.mdb';
/** LMDB's name for it. */
const LOCK_FILE = `${DATA_FILE}-lock`;

/**
 * A directory without a data file becomes a state directory only if it is empty: a mistyped path
 * must not spread files over somebody's home.
 * @throws HawserError 'corrupt'
 */
export function refuseForeign(dir: string): void {
  const foreign = entriesOf(dir).find((name) => name !== LOCK_FILE);
  if (foreign === undefined) return;
  throw new HawserError(
    'corrupt',
    `${dir} is not a hawser state directory: it holds ${foreign} and no ${DATA_FILE}`,
    { hint: 'name a directory that is empty or absent' },
  );
}

function entriesOf(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The path without symbolic links, as far as it exists. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (!isMissing || dirname(path) === path) throw error;
    return join(realPath(dirname(path)), basename(path));
  }
}

/** Makes sure that what was made in a directory is there after a power loss. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Which file a path names at the moment. */
export function identityOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}

/** The descriptors by which this process has a file open. */
export function fdsOf(path: string): number[] {
  return readdirSync('/proc/self/fd')
    .filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === path;
      } catch {
        // The descriptor of the listing itself is closed by now.
        return false;
      }
    })
    .map(Number);
}
