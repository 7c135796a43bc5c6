/** Where the kernel is not as the store says: found first, all of it, and then mended one by one. */
import type { Store } from '../../store/store.ts';
import type { Repair } from '../request.ts';
import { failureOf } from '../undo.ts';

export interface Difference {
  /** As in Repair. */
  kind: string;
  /** As in Repair: `bridge br-4f0c… of network blue is missing`. */
  what: string;
  /** Makes it as it should be, and does no harm if it is so by then. */
  mend: () => void;
}

/**
 * Tells what was found and, unless it is a dry run, mends it: the same list either way. What cannot
 * be mended does not keep the rest from being so.
 */
export function mended(found: readonly Difference[], store: Store, dryRun: boolean): Repair[] {
  return found.map(({ kind, what, mend }) => {
    if (dryRun) return { kind, what };
    // A transaction of its own: what a failed one has written is taken back.
    const failure = failureOf(() => store.transaction(mend));
    return { kind, what, ...(failure !== undefined && { failure }) };
  });
}

/** Several differences that are mended together, once. */
export function mendedOnce(kind: string, sentences: string[], mend: () => void): Difference[] {
  let isDone = false;
  return sentences.map((what) => ({
    kind,
    what,
    mend() {
      if (!isDone) mend();
      isDone = true;
    },
  }));
}
