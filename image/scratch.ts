import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { close, flock, LOCK_EX, LOCK_NB, O_RDONLY, open } from '../native/libc.ts';
import { failedWith } from '../native/sys-error.ts';

/** A directory for work in progress. */
export interface Scratch {
  path: string;
  /** Removes it with all that is in it. */
  dispose(): void;
}

const PREFIX = '.scratch-';
const MOST_ATTEMPTS = 10;

/**
 * Makes a directory that is locked for as long as this process lives, so that those of killed
 * processes can be told from those in use, whatever became of the process's number.
 */
export function makeScratch(parent: string): Scratch {
  for (let attempt = 1; ; attempt++) {
    const path = mkdtempSync(join(parent, PREFIX));
    const lock = lockDirectory(path);
    // A sweep may come between the making and the locking; then this one is lost.
    if (lock === undefined && attempt < MOST_ATTEMPTS) continue;
    if (lock === undefined) throw new Error(`lock ${path}: others remove it again and again`);
    return {
      path,
      dispose() {
        rmSync(path, { recursive: true, force: true });
        close(lock);
      },
    };
  }
}

/** The directories that killed processes have left. */
export function abandonedScratch(parent: string): string[] {
  return each(parent, () => {});
}

/** Removes them. */
export function sweepScratch(parent: string): void {
  each(parent, (path) => rmSync(path, { recursive: true, force: true }));
}

/** @returns the paths of those that nobody holds, after `work` was done with each while it was locked */
function each(parent: string, work: (path: string) => void): string[] {
  const abandoned: string[] = [];
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(parent, name);
    const lock = lockDirectory(path);
    if (lock === undefined) continue;
    work(path);
    close(lock);
    abandoned.push(path);
  }
  return abandoned;
}

/** Locks a directory; undefined if somebody else holds it or has removed it. */
function lockDirectory(path: string): number | undefined {
  let fd: number;
  try {
    fd = open(path, O_RDONLY);
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return undefined;
    throw error;
  }
  if (flock(fd, LOCK_EX | LOCK_NB) && lstatSync(path, { throwIfNoEntry: false })) return fd;
  close(fd);
  return undefined;
}
