/** Who is let in: what can be said against an attach before anything is touched. */
import { isIPv4, isIPv6 } from 'node:net';
import { HawserError } from '../errors.ts';
import { isPinned, netnsIdentity } from '../native/netns.ts';
import type { NetContext } from './context.ts';
import { checkAlias } from './dns/names.ts';
import { parseMac } from './mac.ts';
import type { Network } from './model.ts';
import { checkInterfaceName, checkSandboxId } from './names.ts';
import type { AttachRequest } from './request.ts';

/** What can be judged from the request alone. */
export function checkRequest(request: AttachRequest): void {
  const { sandbox, ifname, ip, ip6, mac, aliases = [] } = request;
  checkSandboxId(sandbox.id);
  for (const alias of aliases) checkAlias(alias);
  if (ifname !== undefined) checkInterfaceName(ifname);
  if (mac !== undefined) parseMac(mac);
  if (ip !== undefined && !isIPv4(ip)) {
    throw new HawserError('invalid', `${JSON.stringify(ip)} is not an IPv4 address`);
  }
  if (ip6 !== undefined && !isIPv6(ip6)) {
    throw new HawserError('invalid', `${JSON.stringify(ip6)} is not an IPv6 address`);
  }
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
  { ports = [] }: AttachRequest,
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
