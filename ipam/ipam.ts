import { isDeepStrictEqual } from 'node:util';
import { HawserError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { formatAddress, parseAddress } from './address.ts';
import { Gaps, PoolKey } from './gaps.ts';
import {
  capacity,
  handedOut,
  initialGaps,
  makePool,
  type Pool,
  type PoolSpec,
  unfit,
} from './pool.ts';
import { type Interval, later, type Subnet, subnetOf } from './subnet.ts';

/** An address taken from a pool. */
export interface Lease {
  /** The pool's id. */
  pool: string;
  /** Without prefix length. */
  address: string;
  /** The subnet's prefix length. */
  prefix: number;
  /** The key of the endpoint that holds it. */
  owner: string;
  /** ISO 8601. */
  since: string;
}

/**
 * Pools of addresses and who holds which. Every method that writes opens a transaction of the store
 * or joins the one it is called in; none of them costs more the more leases there are.
 */
export interface Ipam {
  /**
   * Makes a pool. The same pool twice is no error.
   * @throws HawserError 'invalid' for a spec that makes no sense, 'taken' for an id in other use
   */
  addPool(spec: PoolSpec): Pool;
  /**
   * Removes a pool; false if there was none.
   * @throws HawserError 'in-use' while addresses of it are leased
   */
  removePool(id: string): boolean;
  pool(id: string): Pool | undefined;
  pools(): Pool[];
  /**
   * Leases `requested`, or the next address after the one handed out last, so that an address
   * comes back into use as late as possible. An owner has at most one lease of a pool: taking again
   * returns it.
   * @throws HawserError 'not-found' for an unknown pool; 'invalid', 'taken' or 'in-use' for a
   *   requested address that cannot be had, 'exhausted' for a full pool
   */
  take(poolId: string, owner: string, requested?: string): Lease;
  /** Gives an owner's address back; false if it held none. */
  release(poolId: string, owner: string): boolean;
  leaseOf(poolId: string, owner: string): Lease | undefined;
  /** Who holds an address. */
  holderOf(poolId: string, address: string): Lease | undefined;
  /** The leases of a pool by rising address. */
  leases(poolId: string): Iterable<Lease>;
  /** Takes back every lease whose owner is no longer alive, and returns them. */
  reclaim(poolId: string, isAlive: (owner: string) => boolean): Lease[];
}

/** What the store keeps of a pool besides its gaps. */
interface PoolRecord extends Pool {
  /** Where the search for the next free address begins: an address in hexadecimal. */
  cursor: string;
}

/** A held address: key is the pool and the address in hexadecimal. */
interface HeldRecord {
  owner: string;
  since: string;
}

/** A pool as it is worked on. */
interface OpenPool {
  record: PoolRecord;
  subnet: Subnet;
  keys: PoolKey;
}

/** A pool's id and an owner have to fit into one key. */
const MAX_NAME_BYTES = 490;

export function openIpam(store: Store): Ipam {
  const pools = store.table<PoolRecord>('pools');
  const held = store.table<HeldRecord>('held');
  /** Key is the pool and the owner, value the address in hexadecimal. */
  const owners = store.table<string>('owners');
  const gaps = new Gaps(store);

  function open(id: string): OpenPool {
    const record = pools.get(id);
    if (record === undefined) throw new HawserError('not-found', `there is no pool ${id}`);
    const subnet = subnetOf(record.subnet);
    return { record, subnet, keys: new PoolKey(id, subnet.family) };
  }

  function lease({ record, subnet }: OpenPool, value: bigint, holding: HeldRecord): Lease {
    const address = formatAddress({ family: subnet.family, value });
    return { pool: record.id, address, prefix: subnet.prefix, ...holding };
  }

  function leaseAt(pool: OpenPool, value: bigint): Lease | undefined {
    const holding = held.get(pool.keys.key(value));
    return holding && lease(pool, value, holding);
  }

  function leaseOf(poolId: string, owner: string): Lease | undefined {
    const hex = owners.get(ownerKey(poolId, owner));
    return hex === undefined ? undefined : leaseAt(open(poolId), BigInt(`0x${hex}`));
  }

  /** The address that is next in turn: from the cursor to the end of the range, then from its start. */
  function next({ record, keys }: OpenPool): bigint {
    const range = handedOut(record);
    const cursor = BigInt(`0x${record.cursor}`);
    const free =
      gaps.firstFree(keys, { first: later(cursor, range.first), last: range.last }) ??
      gaps.firstFree(keys, range);
    if (free !== undefined) return free;
    const where = record.range === undefined ? record.subnet : `the range ${record.range}`;
    const leased = capacity(record);
    throw new HawserError(
      'exhausted',
      `no address of ${where} is free: ${leased} ${leased === 1n ? 'is' : 'are'} leased`,
    );
  }

  /** A requested address as a number, if it can be had. */
  function wanted(pool: OpenPool, text: string): bigint {
    const address = parseAddress(text);
    const problem = unfit(pool.record, pool.subnet, address);
    if (problem !== undefined) throw new HawserError('invalid', `${text} ${problem}`);
    const holder = leaseAt(pool, address.value)?.owner;
    if (holder !== undefined) {
      throw new HawserError('taken', `${text} is already leased to ${holder}`);
    }
    return address.value;
  }

  function hold(pool: OpenPool, owner: string, value: bigint): Lease {
    const { record, keys } = pool;
    if (!gaps.cut(keys, value)) {
      throw new HawserError('corrupt', `${record.id}: an address is neither leased nor free`);
    }
    const holding = { owner, since: new Date().toISOString() };
    held.put(keys.key(value), holding);
    owners.put(ownerKey(record.id, owner), keys.hex(value));
    return lease(pool, value, holding);
  }

  function giveBack({ record, keys }: OpenPool, owner: string, value: bigint): void {
    held.remove(keys.key(value));
    owners.remove(ownerKey(record.id, owner));
    gaps.mend(keys, value);
  }

  function* leases(poolId: string): Iterable<Lease> {
    const pool = open(poolId);
    for (const [key, holding] of held.entries({ prefix: pool.keys.prefix })) {
      yield lease(pool, pool.keys.value(key), holding);
    }
  }

  return {
    addPool(spec) {
      checkName('pool', spec.id);
      const pool = makePool(spec);
      return store.transaction(() => {
        const existing = pools.get(pool.id);
        if (existing !== undefined) {
          if (isDeepStrictEqual(publicPart(existing), pool)) return pool;
          throw new HawserError('taken', `the pool ${pool.id} exists with other settings`);
        }
        const keys = new PoolKey(pool.id, subnetOf(pool.subnet).family);
        pools.put(pool.id, { ...pool, cursor: keys.hex(handedOut(pool).first) });
        for (const gap of initialGaps(pool)) gaps.add(keys, gap);
        return pool;
      });
    },

    removePool: (id) =>
      store.transaction(() => {
        if (pools.get(id) === undefined) return false;
        const { keys } = open(id);
        for (const [, { owner }] of held.entries({ prefix: keys.prefix, limit: 1 })) {
          throw new HawserError('in-use', `the pool ${id} has addresses leased, one to ${owner}`);
        }
        gaps.clear(keys);
        return pools.remove(id);
      }),

    pool(id) {
      const record = pools.get(id);
      return record && publicPart(record);
    },

    pools: () => Array.from(pools.entries(), ([, record]) => publicPart(record)),

    take: (poolId, owner, requested) =>
      store.transaction(() => {
        checkName('owner', owner);
        const pool = open(poolId);
        const existing = leaseOf(poolId, owner);
        if (existing !== undefined) {
          if (requested === undefined || sameAddress(requested, existing.address)) return existing;
          throw new HawserError(
            'in-use',
            `${owner} holds ${existing.address} already and cannot have ${requested} as well`,
          );
        }
        const value = requested === undefined ? next(pool) : wanted(pool, requested);
        const taken = hold(pool, owner, value);
        // A requested address leaves the turn alone, unless its turn it was.
        const { record, keys } = pool;
        if (requested === undefined || keys.hex(value) === record.cursor) {
          pools.put(poolId, { ...record, cursor: keys.hex(following(value, handedOut(record))) });
        }
        return taken;
      }),

    release: (poolId, owner) =>
      store.transaction(() => {
        const hex = owners.get(ownerKey(poolId, owner));
        if (hex === undefined) return false;
        giveBack(open(poolId), owner, BigInt(`0x${hex}`));
        return true;
      }),

    leaseOf,
    holderOf: (poolId, address) => leaseAt(open(poolId), parseAddress(address).value),
    leases,

    reclaim: (poolId, isAlive) =>
      store.transaction(() => {
        const dead = Array.from(leases(poolId)).filter(({ owner }) => !isAlive(owner));
        const pool = open(poolId);
        for (const { owner, address } of dead) giveBack(pool, owner, parseAddress(address).value);
        return dead;
      }),
  };
}

function publicPart({ cursor: _, ...pool }: PoolRecord): Pool {
  return pool;
}

function ownerKey(poolId: string, owner: string): string {
  return `${poolId}\0${owner}`;
}

/** Names become parts of keys, where NUL sets them apart. */
function checkName(what: 'pool' | 'owner', name: string): void {
  const size = Buffer.byteLength(name);
  if (size === 0 || size > MAX_NAME_BYTES || name.includes('\0')) {
    throw new HawserError(
      'invalid',
      `the name of ${what === 'pool' ? 'a pool' : 'an owner'} takes 1 to ${MAX_NAME_BYTES} bytes without NUL`,
    );
  }
}

function sameAddress(a: string, b: string): boolean {
  return formatAddress(parseAddress(a)) === formatAddress(parseAddress(b));
}

/** The address behind `value`, and behind the last one the first. */
function following(value: bigint, { first, last }: Interval): bigint {
  return value < last ? value + 1n : first;
}
