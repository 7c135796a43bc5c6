import { closeSync, openSync } from 'node:fs';
import { bind, libc } from '../../native/ffi.ts';

const CLONE_NEWNET = 0x40000000;
const setns = bind<(fd: number, type: number) => number>(libc, 'int setns(int fd, int nstype)');

/**
 * Moves this test file's process into a network namespace for as long as it likes, so that what is
 * asynchronous happens in there too. vitest gives every file a process of its own.
 *
 * @returns the way back
 */
export function inhabit(netns: string): () => void {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  enter(openSync(netns, 'r'));
  return () => enter(home);
}

function enter(fd: number): void {
  const failed = setns(fd, CLONE_NEWNET) !== 0;
  closeSync(fd);
  if (failed) throw new Error('cannot enter the network namespace');
}
