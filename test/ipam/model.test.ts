import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../../ipam/address.ts';
import { Gaps, PoolKey } from '../../ipam/gaps.ts';
import { openIpam } from '../../ipam/ipam.ts';
import type { PoolSpec } from '../../ipam/pool.ts';
import { subnetOf } from '../../ipam/subnet.ts';
import { openStore } from '../../store/lmdb.ts';
import { memoryStore } from '../../store/memory.ts';
import type { Store } from '../../store/store.ts';

/** The same rules without any cleverness: every address is looked at, one after the other. */
class NaivePool {
  readonly #hosts: string[];
  readonly #turn: string[];
  readonly holders = new Map<string, string>();
  #cursor = 0;

  constructor(spec: PoolSpec) {
    const { family, first, last } = subnetOf(spec.subnet);
    const reserved = [spec.gateway, ...Object.values(spec.aux ?? {})];
    const range = subnetOf(spec.range ?? spec.subnet);
    this.#hosts = [];
    this.#turn = [];
    for (let value = first + 1n; value < (family === 4 ? last : last + 1n); value++) {
      const address = formatAddress({ family, value });
      if (range.first <= value && value <= range.last) this.#turn.push(address);
      if (!reserved.includes(address)) this.#hosts.push(address);
    }
  }

  take(owner: string): string | undefined {
    const from = this.#cursor;
    for (let step = 0; step < this.#turn.length; step++) {
      const index = (from + step) % this.#turn.length;
      const address = this.#turn[index] ?? '';
      if (this.#hosts.includes(address) && !this.holders.has(address)) {
        this.holders.set(address, owner);
        this.#cursor = (index + 1) % this.#turn.length;
        return address;
      }
    }
    return undefined;
  }

  request(owner: string, address: string): string | undefined {
    if (!this.#hosts.includes(address) || this.holders.has(address)) return undefined;
    this.holders.set(address, owner);
    if (this.#turn[this.#cursor] === address) this.#cursor = (this.#cursor + 1) % this.#turn.length;
    return address;
  }

  release(owner: string): boolean {
    for (const [address, holder] of this.holders) {
      if (holder === owner) return this.holders.delete(address);
    }
    return false;
  }

  free(): string[] {
    return this.#hosts.filter((address) => !this.holders.has(address));
  }
}

/** Numbers without order, the same in every run (mulberry32). */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

const SPECS: PoolSpec[] = [
  { id: 'p', subnet: '10.5.0.0/27', gateway: '10.5.0.1' },
  {
    id: 'p',
    subnet: '10.5.0.0/26',
    gateway: '10.5.0.20',
    range: '10.5.0.16/28',
    aux: { a: '10.5.0.17', b: '10.5.0.62' },
  },
  { id: 'p', subnet: 'fd00::/123', gateway: 'fd00::10', aux: { a: 'fd00::1f', b: 'fd00::11' } },
];

function play(store: Store, spec: PoolSpec, seed: number, moves: number): void {
  const roll = dice(seed);
  const ipam = openIpam(store);
  const naive = new NaivePool(spec);
  const keys = new PoolKey(spec.id, subnetOf(spec.subnet).family);
  const gaps = new Gaps(store);
  ipam.addPool(spec);
  const { family, first, last } = subnetOf(spec.subnet);
  const attempt = <T>(work: () => T) => {
    try {
      return work();
    } catch {
      return undefined;
    }
  };

  for (let move = 0; move < moves; move++) {
    const owner = `o${roll(40)}`;
    const isNew = ![...naive.holders.values()].includes(owner);
    const kind = roll(10);
    const at = `seed ${seed}, move ${move}`;
    if (kind < 5 && isNew) {
      const lease = attempt(() => ipam.take('p', owner));
      expect(lease?.address, at).toBe(naive.take(owner));
    } else if (kind < 7 && isNew) {
      const value = first + BigInt(roll(Number(last - first) + 1));
      const address = formatAddress({ family, value });
      const lease = attempt(() => ipam.take('p', owner, address));
      expect(lease?.address, at).toBe(naive.request(owner, address));
    } else if (kind < 9) {
      expect(ipam.release('p', owner), at).toBe(naive.release(owner));
    } else {
      const isAlive = (name: string) => Number(name.slice(1)) % 7 !== seed % 7;
      const dead = [...naive.holders].filter(([, name]) => !isAlive(name));
      for (const [, name] of dead) naive.release(name);
      expect(ipam.reclaim('p', isAlive).length, at).toBe(dead.length);
    }
    expect(
      Array.from(ipam.leases('p'), ({ address, owner: holder }) => [address, holder]),
      at,
    ).toEqual([...naive.holders].sort(([a], [b]) => order(a, b)));
    expect([...gaps.list(keys)], at).toEqual(intervals(naive.free()));
  }
}

function order(a: string, b: string): number {
  return parseAddress(a).value < parseAddress(b).value ? -1 : 1;
}

/** Addresses in order as the fewest intervals. */
function intervals(addresses: string[]): { first: bigint; last: bigint }[] {
  const found: { first: bigint; last: bigint }[] = [];
  for (const { value } of addresses.map(parseAddress)) {
    const before = found.at(-1);
    if (before?.last === value - 1n) before.last = value;
    else found.push({ first: value, last: value });
  }
  return found;
}

describe.each(SPECS)('intervals answer as looking at each address of $subnet does', (spec) => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('in game %i', (seed) => {
    play(memoryStore(), spec, seed, 250);
  });

  test('on disk', () => {
    const dir = mkdtempSync(join(tmpdir(), 'hawser-model-'));
    const store = openStore(dir);
    try {
      store.transaction(() => play(store, spec, 99, 250));
    } finally {
      store.close();
      rmSync(dir, { recursive: true });
    }
  });
});
