import { expect, test } from 'vitest';
import { openIpam } from '../../ipam/ipam.ts';
import { memoryStore } from '../../store/memory.ts';
import type { Store, Table } from '../../store/store.ts';

/** A store that counts what is asked of it: each read, each write, each entry that is looked at. */
function counting(store: Store): { store: Store; count(work: () => void): number } {
  let operations = 0;
  const table = <V>(name: string): Table<V> => {
    const inner = store.table<V>(name);
    return {
      get: (key) => {
        operations++;
        return inner.get(key);
      },
      put: (key, value) => {
        operations++;
        inner.put(key, value);
      },
      remove: (key) => {
        operations++;
        return inner.remove(key);
      },
      *entries(range) {
        operations++;
        for (const entry of inner.entries(range)) {
          operations++;
          yield entry;
        }
      },
    };
  };
  return {
    store: { ...store, table },
    count(work) {
      operations = 0;
      work();
      return operations;
    },
  };
}

test('an allocation looks at no more when 20,000 addresses are held in 7,000 pieces', () => {
  const { store, count } = counting(memoryStore());
  const ipam = openIpam(store);
  ipam.addPool({ id: 'p', subnet: '10.5.0.0/16' });
  const most = {
    take: (owner: string, requested?: string) => count(() => ipam.take('p', owner, requested)),
    release: (owner: string) => count(() => ipam.release('p', owner)),
  };
  const atFirst = [most.take('a'), most.take('b', '10.5.99.9'), most.release('a')];

  store.transaction(() => {
    for (let i = 0; i < 21_000; i++) ipam.take('p', `o${i}`);
    for (let i = 0; i < 21_000; i += 3) ipam.release('p', `o${i}`);
  });
  const then = [most.take('a'), most.take('c', '10.5.200.9'), most.release('a')];
  // Between neighbours there may be one more to join or to look at, and never more than that.
  for (const [index, operations] of then.entries()) {
    expect(operations).toBeLessThanOrEqual((atFirst[index] ?? 0) + 3);
  }

  // The worst case for the turn: nothing is free behind it, and it has to begin anew.
  store.transaction(() => {
    for (let i = 21_000; ipam.holderOf('p', '10.5.255.254') === undefined; i++) {
      ipam.take('p', `o${i}`);
    }
  });
  expect(most.take('wrapped')).toBeLessThanOrEqual((atFirst[0] ?? 0) + 4);
  expect(ipam.leaseOf('p', 'wrapped')?.address).toBe('10.5.0.2');
});
