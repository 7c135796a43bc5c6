import { netnsIdentity } from './netns.ts';

/** Something that is kept open from one use to the next. */
export interface Kept<T> {
  /** What is open in the network namespace that the thread is in. */
  get(): T;
  close(): void;
}

/** Opens at the first use, and again when the thread is found in another network namespace. */
export function kept<T>(open: () => T, shut: (open: T) => void): Kept<T> {
  let held: { open: T; netns: string } | undefined;
  function close(): void {
    const before = held;
    held = undefined;
    if (before !== undefined) shut(before.open);
  }
  return {
    close,
    get() {
      const netns = netnsIdentity();
      if (held?.netns !== netns) close();
      held ??= { open: open(), netns };
      return held.open;
    },
  };
}
