/** What an asker may see: the networks that it is on itself. */
import { isIPv4 } from 'node:net';
import { parseAddress } from '../../ipam/address.ts';
import { contains, subnetOf } from '../../ipam/subnet.ts';
import type { Network } from '../model.ts';
import { parseBridgeOptions } from '../options.ts';
import type { Records } from '../records.ts';
import type { Directory } from './directory.ts';
import { hasNames } from './names.ts';

export interface Names {
  records: Records;
  directory: Directory;
}

export interface View {
  /** Its networks with names, in the order in which they are asked. */
  networks: Network[];
  /** The servers that answer all else; the host's if there are none. */
  dns: string[];
  /** Whether all else is asked of anybody: not for a container that has internal networks alone. */
  forwards: boolean;
}

/** The view of whoever has an address; undefined for a stranger. */
export function viewOf({ records, directory }: Names, address: string): View | undefined {
  const asker = directory
    .at(address)
    .map((key) => records.endpoint(key))
    .find((endpoint) => endpoint !== undefined && endpoint.names.length > 0);
  if (asker === undefined) return undefined;
  // The network that it asks by comes first.
  const others = records
    .endpoints({ sandbox: asker.sandbox.id })
    .filter(({ key }) => key !== asker.key);
  const networks = [asker, ...others].flatMap(({ network }) => records.network(network) ?? []);
  return {
    networks: networks.filter(hasNames),
    dns: asker.dns,
    forwards: networks.some(isOpen),
  };
}

/** A way out, also for questions: by any network that is neither internal nor for answers alone. */
function isOpen({ internal, bridge, options }: Network): boolean {
  return !internal && (bridge === undefined || !parseBridgeOptions(options).answersOnly);
}

/** The addresses of a family behind a name, as the first network that knows it has them. */
export function addressesOf(
  names: Names,
  view: View,
  name: string,
  family: 4 | 6,
): string[] | undefined {
  const asked = name.toLowerCase().replace(/\.$/, '');
  for (const network of view.networks) {
    const keys = keysOf(names.directory, network, asked);
    if (keys.length === 0) continue;
    return keys
      .flatMap((key) => names.records.endpoint(key)?.addresses ?? [])
      .map(({ address }) => address)
      .filter((address) => isIPv4(address) === (family === 4));
  }
  return undefined;
}

/** `web1` and `web1.blue` are the same on network blue. */
function keysOf(directory: Directory, { id, name: network }: Network, asked: string): string[] {
  const found = directory.named(id, asked);
  const suffix = `.${network.toLowerCase()}`;
  if (found.length > 0 || !asked.endsWith(suffix)) return found;
  return directory.named(id, asked.slice(0, -suffix.length));
}

/**
 * The names behind an address, as docker writes them: `web1.blue`. None for an address of these
 * networks that nobody has; undefined for one that is not of theirs.
 */
export function namesBehind(
  { records, directory }: Names,
  view: View,
  address: string,
): string[] | undefined {
  const found = directory.at(address).flatMap((key) => {
    const endpoint = records.endpoint(key);
    const network = view.networks.find(({ id }) => id === endpoint?.network);
    const name = endpoint?.names[0];
    return network === undefined || name === undefined ? [] : [`${name}.${network.name}`];
  });
  if (found.length > 0) return found;
  const subnets = view.networks.flatMap((network) => network.subnets);
  const parsed = parseAddress(address);
  return subnets.some(({ subnet }) => contains(subnetOf(subnet), parsed)) ? [] : undefined;
}
