import { once } from 'node:events';
import { closeSync, type FSWatcher, fstatSync, openSync, readSync, watch } from 'node:fs';
import { type LogLine, lastLinesOffset, parseEntry } from './log-format.ts';

export interface LogOptions {
  /** Only the last so many lines; default all. */
  tail?: number;
  /** Go on with what is written, until the process has ended. */
  follow?: boolean;
  /** Only what was written at this moment or later. */
  since?: Date;
  /** Only what was written before this moment. */
  until?: Date;
}

const BLOCK = 65_536;
/** Milliseconds after which a followed log is looked at even if nothing was heard of it. */
const PATIENCE = 100;

/**
 * Reads a log in the order it was written. A log that does not exist is empty: the process was
 * never started. With `follow`, `isOver` says whether the process has ended; what it wrote before
 * that is still delivered.
 */
export async function* readLogs(
  path: string,
  options: LogOptions = {},
  isOver: () => boolean = () => true,
): AsyncGenerator<LogLine> {
  const fd = openLog(path);
  if (fd === undefined) return;
  const watcher = options.follow ? watch(path) : undefined;
  try {
    const { tail } = options;
    const from = tail === undefined ? 0 : lastLinesOffset(fd, fstatSync(fd).size, tail);
    const log = new Follower(fd, from);
    for (;;) {
      // Asked before reading: nothing can be written between a "yes" and the end that is then read.
      const over = watcher === undefined || isOver();
      for (const line of log.news()) if (isWanted(line, options)) yield line;
      if (over) return;
      await change(watcher);
    }
  } finally {
    watcher?.close();
    closeSync(fd);
  }
}

/** Reads entries from where it has come to; one that is not yet whole waits for its rest. */
class Follower {
  readonly #fd: number;
  #position: number;
  #rest = Buffer.alloc(0);

  constructor(fd: number, position: number) {
    this.#fd = fd;
    this.#position = position;
  }

  *news(): Generator<LogLine> {
    const block = Buffer.allocUnsafe(BLOCK);
    for (;;) {
      const size = readSync(this.#fd, block, 0, BLOCK, this.#position);
      if (size === 0) return;
      this.#position += size;

      let bytes = Buffer.concat([this.#rest, block.subarray(0, size)]);
      for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a)) {
        const line = parseEntry(bytes.subarray(0, end));
        if (line !== undefined) yield line;
        bytes = bytes.subarray(end + 1);
      }
      this.#rest = bytes;
    }
  }
}

function isWanted({ time }: LogLine, { since, until }: LogOptions): boolean {
  const moment = Date.parse(time);
  return (
    (since === undefined || moment >= since.getTime()) &&
    (until === undefined || moment < until.getTime())
  );
}

/** Comes back when the file has changed, and after a while anyway: the end changes nothing in it. */
async function change(watcher: FSWatcher): Promise<void> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE);
  try {
    await once(watcher, 'change', { signal: patience.signal });
  } catch (error) {
    if (!patience.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
}

function openLog(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
