import { readFileSync } from 'node:fs';

/** Names this boot of the kernel; what was ephemeral in another boot no longer exists. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/**
 * When a process was started, in clock ticks since boot (field 22 of /proc/PID/stat), or undefined
 * if there is none. With the boot id and the pid it names a process for good, as pids recur.
 */
export function startTime(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The command name, in brackets, may itself hold spaces and brackets.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
