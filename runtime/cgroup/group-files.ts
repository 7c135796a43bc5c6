import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HawserError } from '../../errors.ts';
import { sleep } from '../../native/sleep.ts';
import type { Setting } from './limits.ts';

/**
 * The files of cgroup directories, which both versions share. Every path here is below a
 * hierarchy's root; `checkPath` sees to it that a group is never the root itself.
 */

/** How often an emptying group is tried again, and for how long at most: about 4 s. */
const ATTEMPTS = 40;
const LONGEST_PAUSE = 150;

/** Refuses a path that names no group below the root: removing it would kill what is not ours. */
export function checkPath(path: string): void {
  const names = path.split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..')) {
    throw new HawserError(
      'invalid',
      `use cgroup "${path}": expected a relative path such as hawser/ID`,
    );
  }
}

/** `a/b/c` → `a`, `a/b`, `a/b/c`. */
export function lineage(path: string): string[] {
  const names = path.split('/');
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}

/** Makes one directory; true if it was not there. */
export function makeGroup(directory: string): boolean {
  try {
    mkdirSync(directory);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw new HawserError('kernel', `make cgroup ${directory}: ${reason(error)}`, { cause: error });
  }
}

/** A file's content without the last newline, or undefined if the kernel has no such file. */
export function readGroupFile(directory: string, file: string): string | undefined {
  try {
    return readFileSync(join(directory, file), 'utf8').trimEnd();
  } catch (error) {
    // ENODEV: the group has been removed since the file was opened.
    if (isCode(error, 'ENOENT', 'ENODEV')) return undefined;
    throw error;
  }
}

/** Writes to a file; false if the kernel has no such file. Throws what the kernel has against the value. */
export function writeGroupFile(directory: string, file: string, value: string): boolean {
  try {
    // 'r+' because creating is not possible here, and a missing file must be told from a forbidden one.
    writeFileSync(join(directory, file), value, { flag: 'r+' });
    return true;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw new HawserError(
      'kernel',
      `write ${value} to ${join(directory, file)}: ${reason(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Writes a limit. Returns a sentence if this kernel cannot hold it, undefined if it holds. */
export function applySetting(directory: string | undefined, setting: Setting): string | undefined {
  const { files, value, option, controller } = setting;
  if (directory === undefined) {
    return `${option} does not hold: the cgroup controller ${controller} is not there`;
  }
  try {
    if (files.some((file) => writeGroupFile(directory, file, value))) return undefined;
  } catch (error) {
    const cause = error instanceof HawserError ? error.cause : error;
    throw new HawserError(
      'invalid',
      `${option}: the kernel does not take ${value}: ${reason(cause)}`,
      {
        cause,
      },
    );
  }
  return `${option} does not hold: this kernel has no ${files.join(' nor ')}`;
}

/** The number after `key ` at the beginning of a line. */
export function readCounter(directory: string, file: string, key: string): number | undefined {
  for (const line of readGroupFile(directory, file)?.split('\n') ?? []) {
    if (line.startsWith(`${key} `)) return Number(line.slice(key.length + 1));
  }
  return undefined;
}

/** All pids in the group and in those below it. */
export function processesBelow(directory: string): number[] {
  return groupsBelow(directory).flatMap((group) =>
    (readGroupFile(group, 'cgroup.procs') ?? '').split('\n').filter(Boolean).map(Number),
  );
}

/**
 * Removes the group and all below it. While that fails because processes are in there, `kill` is
 * called; those it has killed need a moment to leave. Throws 'kernel' after about 4 s.
 */
export function removeGroup(directory: string, kill: () => void): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      for (const group of groupsBelow(directory)) removeOne(group);
      return;
    } catch (error) {
      if (!isCode(error, 'EBUSY') || attempt === ATTEMPTS) {
        throw new HawserError('kernel', `remove cgroup ${directory}: ${reason(error)}`, {
          cause: error,
        });
      }
    }
    kill();
    sleep(Math.min(2 ** attempt, LONGEST_PAUSE));
  }
}

function removeOne(group: string): void {
  try {
    rmdirSync(group);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}

/** The names of the groups directly below; none if the group is gone. */
export function childrenOf(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENODEV')) return [];
    throw error;
  }
}

/** The group and those below it, the deepest first. */
function groupsBelow(directory: string): string[] {
  return [
    ...childrenOf(directory).flatMap((name) => groupsBelow(join(directory, name))),
    directory,
  ];
}

/** SIGKILL; those that have ended meanwhile are no failure. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      // 0 is a process that this pid namespace does not see, and kill(0) would be ourselves.
      if (pid > 0) process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (!isCode(error, 'ESRCH')) throw error;
    }
  }
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** `EINVAL: invalid argument, write` → `invalid argument`. */
function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /^E[A-Z0-9]+: ([^,]+)/.exec(text)?.[1] ?? text;
}
