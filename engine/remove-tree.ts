import { randomUUID } from 'node:crypto';
import { readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';

/** Paths beyond this are shortened before they reach PATH_MAX, 4096 bytes. */
const LONG_PATH = 3_000;

/**
 * Removes a file or a directory with all that is in it, and follows no link. What is not there is
 * removed already. A container made what is in there, so names are bytes, not text, and directories
 * may be nested deeper than any path reaches: Node's recursive rmSync gives up on both.
 */
export function removeTree(path: string): void {
  const top = Buffer.from(path);
  const deep: Buffer[] = [];
  if (removeFile(top)) return;
  empty(top, top, deep);
  for (let next = deep.pop(); next; next = deep.pop()) remove(next, top, deep);
  unlessGone(() => rmdirSync(top));
}

function remove(path: Buffer, top: Buffer, deep: Buffer[]): void {
  if (removeFile(path)) return;
  if (path.length - top.length > LONG_PATH) {
    // It is dealt with from near the top, where it has a short path again.
    const moved = within(top, Buffer.from(randomUUID()));
    unlessGone(() => renameSync(path, moved));
    deep.push(moved);
    return;
  }
  empty(path, top, deep);
  unlessGone(() => rmdirSync(path));
}

function empty(directory: Buffer, top: Buffer, deep: Buffer[]): void {
  unlessGone(() => {
    for (const name of readdirSync(directory, 'buffer')) remove(within(directory, name), top, deep);
  });
}

/** False if it is a directory. */
function removeFile(path: Buffer): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return true;
    // unlink(2) of a directory is EISDIR on Linux, and EPERM by POSIX.
    if (code === 'EISDIR' || code === 'EPERM') return false;
    throw error;
  }
}

function within(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), name]);
}

function unlessGone(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
