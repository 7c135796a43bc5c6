/** The blocks that networks without a subnet of their own get theirs from. */
import { randomBytes } from 'node:crypto';
import { HawserError } from '../errors.ts';
import type { Store, Table } from '../store/store.ts';
import { BITS, type Family } from './address.ts';
import { refuseUnusable } from './pool.ts';
import { formatSubnet, overlaps, parseSubnet, type Subnet, subnetOf } from './subnet.ts';

/** A block, and how long the prefix of each subnet is that is cut from it. */
export interface AddressPool {
  /** `172.20.0.0/14`, `fd00:5::/48`. */
  base: string;
  /** In bits: 24 makes subnets of a /24. */
  size: number;
}

/**
 * Docker's local address pools, in smaller pieces: the network `bridge` has its 172.17.0.0/16, and
 * 3,840 more have a /24 each, where Docker has room for 30.
 */
const IPV4: readonly AddressPool[] = [
  { base: '172.17.0.0/16', size: 16 },
  { base: '172.18.0.0/15', size: 24 },
  { base: '172.20.0.0/14', size: 24 },
  { base: '172.24.0.0/13', size: 24 },
  { base: '192.168.0.0/16', size: 24 },
];

/**
 * A family's pools in the order in which they are cut: those that were set, or where none of the family
 * was, the built-in ones. To be called in a transaction.
 */
export function defaultPools(store: Store, family: Family): readonly AddressPool[] {
  const set = (configured(store).get(KEY) ?? []).filter(({ base }) => familyOf(base) === family);
  if (set.length > 0) return set;
  return family === 4 ? IPV4 : [{ base: uniqueLocalBlock(store), size: 64 }];
}

/**
 * Sets the pools for all networks that are made from now on; none at all means the built-in ones.
 *
 * @throws HawserError 'invalid' for a block or a size that makes no sense, or blocks that overlap
 */
export function setDefaultPools(store: Store, pools: readonly AddressPool[]): void {
  const checked = pools.map(checkPool);
  for (const [index, { base }] of checked.entries()) {
    const other = checked.slice(0, index).find((one) => overlaps(one.base, base));
    if (other === undefined) continue;
    throw new HawserError('invalid', `address pools ${other.base} and ${base} overlap`);
  }
  store.transaction(() => configured(store).put(KEY, checked));
}

/** The longest prefixes that leave addresses for a gateway and an endpoint. */
const LONGEST: Record<Family, number> = { 4: 30, 6: 126 };

function checkPool({ base, size }: AddressPool): AddressPool {
  const block = parseSubnet(base);
  refuseUnusable(base);
  const longest = LONGEST[block.family];
  if (!Number.isInteger(size) || size < block.prefix || size > longest) {
    throw new HawserError(
      'invalid',
      `address pool ${base}: subnets of a /${size} cannot be cut from it; the size is ${block.prefix} to ${longest}`,
    );
  }
  return { base: formatSubnet(block), size };
}

/** How many subnets can be cut from a pool. */
export function subnetsIn({ base, size }: AddressPool): number {
  return 2 ** (size - subnetOf(base).prefix);
}

const KEY = 'pools';

function configured(store: Store): Table<AddressPool[]> {
  return store.table('address-pools');
}

function familyOf(subnet: string): Family {
  return subnet.includes(':') ? 6 : 4;
}

/**
 * The /48 of unique local addresses that this state has for its own (RFC 4193): a global id of 40
 * random bits (3.2.2), drawn at its first use and kept.
 */
function uniqueLocalBlock(store: Store): string {
  const kept = store.table<string>('unique-local');
  let id = kept.get('global-id');
  if (id === undefined) {
    id = randomBytes(5).toString('hex');
    kept.put('global-id', id);
  }
  // fc00::/7 with the bit that says it was assigned locally (3.1), the id, and 16 bits of subnets.
  const value = BigInt(`0xfd${id}`) << 80n;
  return formatSubnet({ ...subnetOf('fd00::/48'), first: value });
}

/** The first subnet of the pools that shares no address with any of `taken`, if there is one. */
export function firstFreeSubnet(
  pools: readonly AddressPool[],
  taken: readonly string[],
): string | undefined {
  const obstacles = taken.map(subnetOf).sort((a, b) => (a.first < b.first ? -1 : 1));
  for (const { base, size } of pools) {
    const block = subnetOf(base);
    const first = firstGap(
      block,
      size,
      obstacles.filter(({ family }) => family === block.family),
    );
    if (first !== undefined) return formatSubnet({ ...block, prefix: size, first });
  }
  return undefined;
}

/** Where the first piece lies that none of the obstacles, by rising first address, reaches into. */
function firstGap(block: Subnet, size: number, obstacles: readonly Subnet[]): bigint | undefined {
  const length = 1n << BigInt(BITS[block.family] - size);
  let first = block.first;
  for (const obstacle of obstacles) {
    if (obstacle.last < first) continue;
    if (obstacle.first >= first + length) break;
    first = (obstacle.last / length + 1n) * length;
  }
  return first + length - 1n <= block.last ? first : undefined;
}
