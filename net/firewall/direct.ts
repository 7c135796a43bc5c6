/** Changes of elements without nft: its reading of whole sets makes an attach slower the more there are. */
import type { SetElements } from '../../native/set-elements.ts';
import { failedWith, SysError } from '../../native/sys-error.ts';
import type { Element } from './elements.ts';
import { encoded } from './encoding.ts';

/** More than this does not fit into one send to the kernel. */
const MOST = 500;

/**
 * Adds or deletes the elements in one transaction.
 *
 * @returns false if nothing was done: nft is to try, and to say what is wrong
 */
export function changeDirectly(
  sets: SetElements,
  verb: 'add' | 'delete',
  elements: readonly Element[],
): boolean {
  if (elements.length === 0) return true;
  if (elements.length > MOST) return false;
  const bytes = elements.map(encoded);
  if (!bytes.every((one) => one !== undefined)) return false;
  try {
    const failures = sets.change(verb, bytes);
    if (failures.size === 0) return true;
    if (verb === 'add') return false;
    const present = bytes.filter((_, i) => !failedWith(failures.get(i), 'ENOENT'));
    return present.length === 0 || sets.change(verb, present).size === 0;
  } catch (error) {
    if (error instanceof SysError) return false; // where there is no netfilter at all
    throw error;
  }
}
