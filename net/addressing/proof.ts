/**
 * Proof that an endpoint's sandbox lives: which namespace it was, and in which boot. A path alone proves
 * nothing, since another namespace may be pinned there by now.
 */
import { bootId } from '../../native/boot-id.ts';
import { isPinned, netnsIdentity } from '../../native/netns.ts';
import type { NetContext } from '../context.ts';
import type { Endpoint, ProofOfLife, Sandbox } from '../model.ts';

/** What is written down of a sandbox that is there now. */
export function proofOf({ path }: Sandbox): ProofOfLife {
  return { netns: netnsIdentity(path), boot: bootId() };
}

/** Why an endpoint's sandbox is dead, as the end of a sentence; undefined if it lives. */
export function causeOfDeath(
  { outlivesPin }: Pick<NetContext, 'outlivesPin'>,
  { sandbox, proof }: Pick<Endpoint, 'sandbox' | 'proof'>,
): string | undefined {
  if (proof !== undefined && proof.boot !== bootId()) return 'the machine was restarted';
  if (!isPinned(sandbox.path)) {
    return outlivesPin(sandbox) ? undefined : `its namespace ${sandbox.path} is gone`;
  }
  if (proof === undefined || netnsIdentity(sandbox.path) === proof.netns) return undefined;
  return outlivesPin(sandbox) ? undefined : `another namespace is at ${sandbox.path}`;
}
