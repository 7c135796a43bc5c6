import { close, O_RDONLY, open } from '../libc.ts';
import type { NetnsRef } from './link.ts';

/** Gives `work` an open descriptor of the namespace, for as long as it runs. */
export function withNetns<T>(ref: NetnsRef | undefined, work: (fd: number | undefined) => T): T {
  if (typeof ref !== 'string') return work(ref);
  const fd = open(ref, O_RDONLY);
  try {
    return work(fd);
  } finally {
    close(fd);
  }
}
