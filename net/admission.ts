/** Who is let in: what can be said against an attach before anything is touched. */
import { HawserError } from '../errors.ts';
import { isPinned, netnsIdentity } from '../native/netns.ts';
import type { NetContext } from './context.ts';
import type { Network, Sandbox } from './model.ts';
import { checkSandboxId } from './names.ts';
import type { AttachRequest } from './request.ts';

/** A namespace that is there, and not the host's. */
export function checkSandbox(sandbox: Sandbox): void {
  checkSandboxId(sandbox.id);
  if (!isPinned(sandbox.path)) {
    throw new HawserError('not-found', `${sandbox.path} is not a network namespace`);
  }
  if (netnsIdentity(sandbox.path) === netnsIdentity()) {
    throw new HawserError('invalid', `${sandbox.path} is the host's own network namespace`);
  }
}

/** A port can be led only to what is behind the host, and may be reached. */
export function refuseUnpublishable(
  { name, internal, driver, bridge }: Network,
  { ports = [] }: Pick<AttachRequest, 'ports'>,
): void {
  if (ports.length === 0) return;
  if (internal) {
    throw new HawserError(
      'invalid',
      `${name} is internal, nothing from outside reaches a published port`,
    );
  }
  if (bridge !== undefined) return;
  throw new HawserError(
    'invalid',
    `${name} is a ${driver} network, no port of the host leads there`,
    { hint: 'its containers are reached at their own addresses, without -p' },
  );
}

/** Some networks have room for one endpoint only. */
export function refuseFull({ records, drivers }: NetContext, network: Network): void {
  const capacity = drivers[network.driver].capacity(network);
  if (capacity === undefined) return;
  const present = records.endpoints({ network: network.id });
  if (present.length < capacity) return;
  const owners = present.map(({ owner }) => owner).join(', ');
  throw new HawserError(
    'taken',
    `${network.name} has room for ${capacity} at a time, and ${owners} is on it`,
    { hint: `see: hawser network disconnect ${network.name} ${owners}` },
  );
}
