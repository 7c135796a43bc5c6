import type { Store, Table } from '../store/store.ts';
import { BITS, type Family } from './address.ts';
import type { Interval } from './subnet.ts';

/**
 * The free addresses of all pools, as intervals that do not touch: a key is a pool and an interval's
 * first address, its value the last. A pool of 2^64 addresses is one entry, and each question is
 * answered by the neighbours of a key, however many leases there are.
 */
export class Gaps {
  readonly #table: Table<string>;

  constructor(store: Store) {
    this.#table = store.table<string>('gaps');
  }

  /** Fills an empty pool. */
  add(pool: PoolKey, gap: Interval): void {
    this.#table.put(pool.key(gap.first), pool.hex(gap.last));
  }

  /** The first free address from `from` on, up to `to`. */
  firstFree(pool: PoolKey, { first: from, last: to }: Interval): bigint | undefined {
    if (from > to) return undefined;
    const before = this.#atOrBefore(pool, from);
    if (before !== undefined && before.last >= from) return from;
    for (const [key] of this.#table.entries({
      prefix: pool.prefix,
      from: pool.key(from),
      limit: 1,
    })) {
      const first = pool.value(key);
      if (first <= to) return first;
    }
    return undefined;
  }

  /** Cuts an address out; false if it was not free. */
  cut(pool: PoolKey, address: bigint): boolean {
    const gap = this.#atOrBefore(pool, address);
    if (gap === undefined || gap.last < address) return false;
    if (gap.first < address) this.add(pool, { first: gap.first, last: address - 1n });
    else this.#table.remove(pool.key(address));
    if (address < gap.last) this.add(pool, { first: address + 1n, last: gap.last });
    return true;
  }

  /** Puts an address back that was cut out, and joins it with the intervals beside it. */
  mend(pool: PoolKey, address: bigint): void {
    const before = this.#atOrBefore(pool, address);
    const after = this.#table.get(pool.key(address + 1n));
    if (after !== undefined) this.#table.remove(pool.key(address + 1n));
    const first = before?.last === address - 1n ? before.first : address;
    this.#table.put(pool.key(first), after ?? pool.hex(address));
  }

  clear(pool: PoolKey): void {
    for (const [key] of this.#table.entries({ prefix: pool.prefix })) this.#table.remove(key);
  }

  /** The intervals of a pool in order, for tests and for repair. */
  *list(pool: PoolKey): Iterable<Interval> {
    for (const [key, last] of this.#table.entries({ prefix: pool.prefix })) {
      yield { first: pool.value(key), last: BigInt(`0x${last}`) };
    }
  }

  #atOrBefore(pool: PoolKey, address: bigint): Interval | undefined {
    const range = { prefix: pool.prefix, from: pool.key(address), reverse: true, limit: 1 };
    for (const [key, last] of this.#table.entries(range)) {
      return { first: pool.value(key), last: BigInt(`0x${last}`) };
    }
    return undefined;
  }
}

/**
 * How a pool's addresses are written in keys: hexadecimal of a fixed width, so that the order of the
 * bytes is the order of the numbers. The NUL keeps pools apart when one id begins with another.
 */
export class PoolKey {
  readonly prefix: string;
  readonly #digits: number;

  constructor(id: string, family: Family) {
    this.prefix = `${id}\0`;
    this.#digits = BITS[family] / 4;
  }

  hex(address: bigint): string {
    return address.toString(16).padStart(this.#digits, '0');
  }

  key(address: bigint): string {
    return this.prefix + this.hex(address);
  }

  value(key: string): bigint {
    return BigInt(`0x${key.slice(this.prefix.length)}`);
  }
}
