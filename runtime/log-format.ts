import { readSync } from 'node:fs';

/** What a process wrote at one moment: a line, or a part of one. */
export interface LogLine {
  /** RFC 3339, with nanoseconds. */
  time: string;
  stream: 'stdout' | 'stderr';
  /** With its newline, if the process wrote one here. */
  data: Buffer;
}

/**
 * The format of Kubernetes' container runtime interface, one entry a line:
 *
 *     2016-10-06T00:17:09.669794202Z stdout F what was written
 *
 * F ends a line of the process's output; P is a part of one, to which no newline belongs.
 */
const HEADER = /^(\S+) (stdout|stderr) ([FP])(?: |$)/;
/** A time of 35 bytes at most, a stream, a tag and three blanks. */
const LONGEST_HEADER = 48;
const NEWLINE = 0x0a;
const BLOCK = 65_536;

/** An entry without its newline; undefined if it is none: a crash of the machine may have torn it. */
export function parseEntry(entry: Buffer): LogLine | undefined {
  const header = HEADER.exec(entry.toString('latin1', 0, LONGEST_HEADER));
  const [whole, time, stream, tag] = header ?? [];
  if (whole === undefined || time === undefined) return undefined;
  const text = entry.subarray(whole.length);
  return {
    time,
    stream: stream === 'stderr' ? 'stderr' : 'stdout',
    data: Buffer.concat([text, Buffer.from(tag === 'F' ? '\n' : '')]),
  };
}

/**
 * Where the last `lines` lines begin, found from the end: the cost does not grow with the log.
 * Parts belong to the line that follows them; a last line that is not finished counts as one.
 */
export function lastLinesOffset(fd: number, size: number, lines: number): number {
  if (lines <= 0) return size;
  let loaded = Buffer.alloc(0);
  let base = size;
  let scanned = size; // every entry that begins here or later has been counted
  let left = lines;
  let start = size;

  while (base > 0) {
    const length = Math.min(BLOCK, base);
    const block = Buffer.allocUnsafe(length);
    readSync(fd, block, 0, length, base - length);
    base -= length;
    loaded = Buffer.concat([block, loaded]);

    for (;;) {
      // The entry before the one at `scanned` begins after the newline before its own.
      const newline = scanned - base >= 2 ? loaded.lastIndexOf(NEWLINE, scanned - base - 2) : -1;
      if (newline < 0 && base > 0) break;
      const begin = base + newline + 1;
      if (begin >= scanned) break;
      const tag = HEADER.exec(
        loaded.toString('latin1', begin - base, begin - base + LONGEST_HEADER),
      )?.[3];
      if (tag === 'F' || start === size) {
        if (left === 0) return start;
        left -= 1;
      }
      start = begin;
      scanned = begin;
    }
  }
  return start;
}
