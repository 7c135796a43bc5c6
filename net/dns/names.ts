/** What a container is called on a network, as DNS compares names: without regard to case. */
import { isIPv4 } from 'node:net';
import { HawserError } from '../../errors.ts';
import { DEFAULT_NETWORK } from '../default-network.ts';
import type { Endpoint, Network } from '../model.ts';
import { shown } from '../names.ts';

/** RFC 1035 2.3.4: 63 octets a label; 253 characters are what 255 octets of a name leave. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
const LONGEST_NAME = 253;

/** Docker's sort of digits: `hostname` and `docker ps` show as many of an id. */
const SHORT_ID = 12;

/**
 * Whether a network has names: not the default one, as with docker, and none without a bridge, where
 * there is no gateway of ours to ask.
 */
export function hasNames({ name, bridge }: Pick<Network, 'name' | 'bridge'>): boolean {
  return bridge !== undefined && name !== DEFAULT_NETWORK;
}

/**
 * The address that a container with these endpoints asks: the gateway of the first network with
 * names. Undefined if there is none.
 */
export function responderOf(
  endpoints: readonly Pick<Endpoint, 'network' | 'names'>[],
  networks: readonly Network[],
): string | undefined {
  const named = endpoints.find(({ names }) => names.length > 0);
  const gateways = networks.find(({ id }) => id === named?.network)?.subnets ?? [];
  return (gateways.find(({ gateway }) => isIPv4(gateway)) ?? gateways[0])?.gateway;
}

export interface Named {
  owner: string;
  sandbox: { id: string };
  hostname?: string;
  aliases?: string[];
}

/**
 * All names of an endpoint; the first is the one that an address leads back to. An id of 64 digits is
 * longer than a label may be, so of those only the first twelve are a name.
 */
export function namesOf({ owner, sandbox, hostname, aliases = [] }: Named): string[] {
  const { id } = sandbox;
  const short = /^[0-9a-f]{64}$/.test(id) ? [id.slice(0, SHORT_ID)] : [];
  const all = [owner, ...aliases, id, ...short, ...(hostname === undefined ? [] : [hostname])];
  return [...new Set(all.map((name) => name.toLowerCase()).filter(isName))];
}

/** Refuses an alias that nobody could ask for. */
export function checkAlias(alias: string): void {
  if (isName(alias.toLowerCase())) return;
  throw new HawserError(
    'invalid',
    `alias ${shown(alias)} is no name: labels of letters, digits, _ and -, 63 at most, with dots between`,
  );
}

/** Whether lower-case text is a name that can be asked for (RFC 1035, and _ as is in use). */
export function isName(name: string): boolean {
  return name.length <= LONGEST_NAME && name.split('.').every((label) => LABEL.test(label));
}
