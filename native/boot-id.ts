import { readFileSync } from 'node:fs';

let known: string | undefined;

/** Names this boot of the kernel: pids, inodes and interfaces of another boot mean nothing. */
export function bootId(): string {
  known ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return known;
}
