import { readFileSync } from 'node:fs';

/** A process as the kernel knows it now. */
export interface ProcessStat {
  /** Field 22 of /proc/PID/stat, in clock ticks since boot. With pid and boot it is unique for good. */
  start: number;
  /** Dead already, and only kept until its parent asks how it ended. */
  zombie: boolean;
}

/** Undefined if there is no such process. */
export function processStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The command's name, in brackets, may hold spaces and brackets itself; field 3 follows the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  return { start: Number(fields[19]), zombie: state === 'Z' || state === 'X' };
}
