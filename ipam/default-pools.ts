/** The blocks that networks without a subnet of their own get theirs from. */
import { randomBytes } from 'node:crypto';
import type { Store } from '../store/store.ts';
import { BITS, type Family } from './address.ts';
import { formatSubnet, type Subnet, subnetOf } from './subnet.ts';

/** A block, and how long the prefix of each subnet is that is cut from it. */
export interface AddressPool {
  /** `172.20.0.0/14`, `fd00:5::/48`. */
  base: string;
  /** In bits: 24 makes subnets of a /24. */
  size: number;
}

/** Docker's local address pools: 172.17.0.0/16 to 172.31.0.0/16, then 192.168.0.0/16 in /20s. */
const IPV4: readonly AddressPool[] = [
  { base: '172.17.0.0/16', size: 16 },
  { base: '172.18.0.0/15', size: 16 },
  { base: '172.20.0.0/14', size: 16 },
  { base: '172.24.0.0/13', size: 16 },
  { base: '192.168.0.0/16', size: 20 },
];

/** A family's pools in the order in which they are cut. To be called in a transaction. */
export function defaultPools(store: Store, family: Family): readonly AddressPool[] {
  return family === 4 ? IPV4 : [{ base: uniqueLocalBlock(store), size: 64 }];
}

/**
 * The /48 of unique local addresses that this state has for its own (RFC 4193): a global id of 40
 * random bits (3.2.2), drawn at its first use and kept.
 */
function uniqueLocalBlock(store: Store): string {
  const kept = store.table<string>('unique-local');
  const id = kept.get('global-id') ?? randomBytes(5).toString('hex');
  kept.put('global-id', id);
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
