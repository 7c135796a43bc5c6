import { HawserError } from '../errors.ts';
import { type Address, formatAddress, parseAddress } from './address.ts';
import {
  contains,
  covers,
  formatSubnet,
  hostAddresses,
  type Interval,
  intersect,
  overlaps,
  parseSubnet,
  type Subnet,
  subnetOf,
} from './subnet.ts';

/** What a pool is to be. */
export interface PoolSpec {
  /** The network's id and the subnet: `4f0c…/10.5.0.0/24`. */
  id: string;
  subnet: string;
  /** Absent: the first address of the subnet that no aux address takes. null: none is set apart. */
  gateway?: string | null;
  /** A subnet of the subnet: only addresses in here are handed out by themselves. */
  range?: string;
  /** Addresses that are never handed out, by what they are for. */
  aux?: Record<string, string>;
}

/** A subnet that addresses are handed out from, as plain data in canonical text. */
export interface Pool {
  id: string;
  subnet: string;
  gateway: string | null;
  range?: string;
  aux: Record<string, string>;
}

/** Blocks that no host on a link may have an address from. */
const UNUSABLE: Record<string, string> = {
  '0.0.0.0/8': 'means "this network"',
  '127.0.0.0/8': 'is loopback',
  '169.254.0.0/16': 'is link-local',
  '224.0.0.0/4': 'is multicast',
  '::1/128': 'is loopback',
  '::ffff:0.0.0.0/96': 'stands for IPv4 addresses',
  'fe80::/10': 'is link-local',
  'ff00::/8': 'is multicast',
};

/**
 * A pool of what was asked for, everything checked and in canonical text.
 * @throws HawserError 'invalid'
 */
export function makePool(spec: PoolSpec): Pool {
  const subnet = parseSubnet(spec.subnet);
  const text = formatSubnet(subnet);
  refuseUnusable(text);
  const pool: Pool = { id: spec.id, subnet: text, gateway: null, aux: {} };
  if (spec.range !== undefined) {
    const range = parseSubnet(spec.range);
    if (!covers(subnet, range)) {
      throw new HawserError('invalid', `the range ${spec.range} is not inside ${text}`);
    }
    pool.range = formatSubnet(range);
  }
  for (const [name, address] of Object.entries(spec.aux ?? {})) {
    pool.aux[name] = hostAddress(pool, subnet, address, `the aux address ${name}`);
  }
  if (spec.gateway !== null) {
    pool.gateway =
      spec.gateway === undefined
        ? firstFree(pool, subnet)
        : hostAddress(pool, subnet, spec.gateway, 'the gateway');
  }
  return pool;
}

/** @throws HawserError 'invalid' for a subnet that reaches into such a block */
export function refuseUnusable(subnet: string): void {
  for (const [block, why] of Object.entries(UNUSABLE)) {
    if (!overlaps(subnet, block)) continue;
    throw new HawserError('invalid', `${subnet} cannot be used: ${block} ${why}`);
  }
}

/**
 * The text of an address that a host in the subnet may have.
 * @throws HawserError 'invalid' if it lies outside, or is the network's, broadcast or an aux address
 */
function hostAddress(pool: Pool, subnet: Subnet, text: string, role: string): string {
  const address = parseAddress(text);
  const problem = unfit(pool, subnet, address);
  if (problem !== undefined) throw new HawserError('invalid', `${role}, ${text}, ${problem}`);
  return formatAddress(address);
}

/** Why a host cannot have this address, as the end of a sentence; undefined if it can. */
export function unfit(pool: Pool, subnet: Subnet, address: Address): string | undefined {
  if (!contains(subnet, address)) return `is outside ${pool.subnet}`;
  const hosts = hostAddresses(subnet);
  if (address.value < hosts.first) {
    return `is the ${subnet.family === 4 ? 'network' : 'subnet-router anycast'} address of ${pool.subnet}`;
  }
  if (address.value > hosts.last) return `is the broadcast address of ${pool.subnet}`;
  const text = formatAddress(address);
  if (text === pool.gateway) return `is the gateway of ${pool.subnet}`;
  const aux = Object.entries(pool.aux).find(([, reserved]) => reserved === text);
  if (aux !== undefined) return `is set apart for ${aux[0]}`;
  return undefined;
}

function firstFree(pool: Pool, subnet: Subnet): string {
  const { first, last } = hostAddresses(subnet);
  for (let value = first; value <= last; value++) {
    const address = { family: subnet.family, value };
    if (unfit(pool, subnet, address) === undefined) return formatAddress(address);
  }
  throw new HawserError('invalid', `${pool.subnet} has no address left for its gateway`);
}

/** The addresses that leave the pool by themselves: the hosts' ones that lie in the range. */
export function handedOut(pool: Pool): Interval {
  const hosts = hostAddresses(subnetOf(pool.subnet));
  return pool.range === undefined ? hosts : intersect(hosts, subnetOf(pool.range));
}

/** How many addresses leave the pool by themselves. */
export function capacity(pool: Pool): bigint {
  const { first, last } = handedOut(pool);
  if (first > last) return 0n;
  const reserved = reservedIn(pool).filter((value) => first <= value && value <= last);
  return last - first + 1n - BigInt(reserved.length);
}

/** The intervals of a pool that nobody holds yet: the hosts' addresses without those set apart. */
export function initialGaps(pool: Pool): Interval[] {
  const { first, last } = hostAddresses(subnetOf(pool.subnet));
  const gaps: Interval[] = [];
  let start = first;
  for (const value of reservedIn(pool)) {
    if (value > start) gaps.push({ first: start, last: value - 1n });
    start = value + 1n;
  }
  if (start <= last) gaps.push({ first: start, last });
  return gaps;
}

/** The addresses that are set apart, by rising number. */
function reservedIn({ aux, gateway }: Pool): bigint[] {
  return [...Object.values(aux), ...(gateway === null ? [] : [gateway])]
    .map((text) => parseAddress(text).value)
    .sort((a, b) => (a < b ? -1 : 1));
}
