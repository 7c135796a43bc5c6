/** What things of ours are called in the kernel, where names are all that says whose they are. */
import { createHash } from 'node:crypto';
import type { Link } from '../native/rtnetlink/link.ts';
import { macOfSeed } from './mac.ts';
import type { Endpoint, Network } from './model.ts';

/** Links bear it in ifalias, which nobody else touches: `ip link` shows it. */
const MARK = 'hawser:';

export function aliasOfNetwork(network: Pick<Network, 'id'>): string {
  return `${MARK}network/${network.id}`;
}

export function aliasOfEndpoint(endpoint: Pick<Endpoint, 'key'>): string {
  return `${MARK}endpoint/${endpoint.key}`;
}

/** What of hawser's a link is, if it is one of its; what is not said by the alias yet is `?`. */
export function ownership(
  link: Pick<Link, 'name' | 'alias' | 'kind' | 'mac'>,
): { network: string } | { endpoint: string } | undefined {
  const [, kind, of] = /^hawser:(network|endpoint)\/(.+)$/.exec(link.alias ?? '') ?? [];
  if (of !== undefined) return kind === 'network' ? { network: of } : { endpoint: of };
  // The alias is given right after the birth; a process may have been killed just between.
  if (link.alias !== undefined) return undefined;
  if (ENDPOINT_KINDS.has(link.kind ?? '') && HOST_IFNAME.test(link.name)) return { endpoint: '?' };
  if (link.kind === 'bridge' && link.mac === bridgeMac(link.name)) return { network: '?' };
  return undefined;
}

export function isOfNetwork(link: Link, { id }: Pick<Network, 'id'>): boolean {
  const owned = ownership(link);
  return (
    owned !== undefined && 'network' in owned && (owned.network === id || owned.network === '?')
  );
}

export function isOfEndpoint(link: Link, { key }: Pick<Endpoint, 'key'>): boolean {
  const owned = ownership(link);
  return (
    owned !== undefined && 'endpoint' in owned && (owned.endpoint === key || owned.endpoint === '?')
  );
}

const ENDPOINT_KINDS = new Set(['veth', 'macvlan', 'ipvlan', 'ifb']);
const HOST_IFNAME = /^h[vi][0-9a-f]{13}$/;

/** The host's end of an endpoint's veth pair, or what another link is born as: `hv` and 52 bits of the key's hash. */
export function hostIfnameOf(key: string): string {
  return `hv${createHash('sha256').update(key).digest('hex').slice(0, 13)}`;
}

/** The ifb that what an endpoint sends is queued at, if that is bounded: `hi` and the same. */
export function ifbNameOf(key: string): string {
  return `hi${hostIfnameOf(key).slice(2)}`;
}

/** A network's bridge, as Docker calls its own. */
export function bridgeNameOf(networkId: string): string {
  return `br-${networkId.slice(0, 12)}`;
}

/** A bridge's MAC follows from its name, so that it is stable, and known for ours before the alias. */
export function bridgeMac(bridge: string): string {
  return macOfSeed(`hawser bridge ${bridge}`);
}
