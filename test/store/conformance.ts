import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store, Table } from '../../store/store.ts';

/** What every store promises, whatever it keeps its tables in. */
export function storeConformance(name: string, open: () => Store, dispose: () => void): void {
  describe(`${name}: the store's contract`, () => {
    let store: Store;
    let table: Table<unknown>;

    beforeEach(() => {
      store = open();
      table = store.table('things');
    });
    afterEach(() => {
      store.close();
      dispose();
    });

    const write = (...keys: string[]) =>
      store.transaction(() => {
        for (const key of keys) table.put(key, { key });
      });
    const keysOf = (entries: Iterable<[string, unknown]>) => Array.from(entries, ([key]) => key);

    test('is empty at first', () => {
      expect(table.get('a')).toBeUndefined();
      expect([...table.entries()]).toEqual([]);
    });

    test('gives back what was put, and the later of two values', () => {
      store.transaction(() => {
        table.put('a', { deep: [1, 'two', null, { three: true }] });
        table.put('b', 'old');
        table.put('b', 'new');
      });
      expect(table.get('a')).toEqual({ deep: [1, 'two', null, { three: true }] });
      expect(table.get('b')).toBe('new');
    });

    test.each([0, '', false, null, [], {}])('holds %j', (value) => {
      store.transaction(() => table.put('a', value));
      expect(table.get('a')).toEqual(value);
      expect([...table.entries()]).toEqual([['a', value]]);
    });

    test('holds a value of a megabyte', () => {
      const large = 'x'.repeat(1 << 20);
      store.transaction(() => table.put('a', large));
      expect(table.get('a')).toBe(large);
    });

    test('shares no object with its callers', () => {
      const mine = { list: [1] };
      store.transaction(() => table.put('a', mine));
      mine.list.push(2);
      const first = table.get('a') as typeof mine;
      first.list.push(3);
      expect(table.get('a')).toEqual({ list: [1] });
    });

    test('removes, and says whether there was something', () => {
      write('a');
      store.transaction(() => {
        expect(table.remove('a')).toBe(true);
        expect(table.remove('a')).toBe(false);
        expect(table.get('a')).toBeUndefined();
      });
      expect(table.get('a')).toBeUndefined();
    });

    test('keeps tables apart, also when one name begins with the other', () => {
      const other = store.table('things-more');
      store.transaction(() => {
        table.put('a', 1);
        other.put('a', 2);
      });
      expect([...table.entries()]).toEqual([['a', 1]]);
      expect([...other.entries()]).toEqual([['a', 2]]);
      expect([...store.table('thing').entries()]).toEqual([]);
    });

    test('the same name is the same table', () => {
      write('a');
      expect(store.table('things').get('a')).toEqual({ key: 'a' });
    });

    test('refuses to write outside a transaction', () => {
      expect(() => table.put('a', 1)).toThrow(/inside store.transaction/);
      expect(() => table.remove('a')).toThrow(/inside store.transaction/);
      expect(table.get('a')).toBeUndefined();
    });

    test('refuses keys that are empty or too long, and values that are not JSON', () => {
      const longest = 'é'.repeat(500);
      write(longest);
      expect(table.get(longest)).toEqual({ key: longest });
      expect(() => write('')).toThrow(TypeError);
      expect(() => write(`${longest}x`)).toThrow(TypeError);
      expect(() => store.transaction(() => table.put('a', undefined))).toThrow(TypeError);
      expect(keysOf(table.entries())).toEqual([longest]);
    });

    describe('entries', () => {
      test('come in the order of their UTF-8 bytes', () => {
        // U+FF5E sorts before U+1F600 in bytes and after it in UTF-16 code units.
        const inOrder = ['\u0001', '!', '10', '9', 'a', 'a\u0000', 'aa', 'b', 'é', '～', '😀'];
        write(...inOrder.toReversed());
        expect(keysOf(table.entries())).toEqual(inOrder);
        expect(keysOf(table.entries({ reverse: true }))).toEqual(inOrder.toReversed());
      });

      test.each([
        [{ prefix: 'b/' }, ['b/1', 'b/2', 'b/3']],
        [{ prefix: 'b/', reverse: true }, ['b/3', 'b/2', 'b/1']],
        [{ prefix: 'b/', limit: 2 }, ['b/1', 'b/2']],
        [{ prefix: 'b/', limit: 2, reverse: true }, ['b/3', 'b/2']],
        [{ limit: 0 }, []],
        [{ from: 'b/2' }, ['b/2', 'b/3', 'c']],
        [{ from: 'b/25' }, ['b/3', 'c']],
        [{ from: 'b/2', reverse: true }, ['b/2', 'b/1', 'b', 'a']],
        [{ from: 'b/25', reverse: true }, ['b/2', 'b/1', 'b', 'a']],
        [{ prefix: 'b/', from: 'b/2' }, ['b/2', 'b/3']],
        [{ prefix: 'b/', from: 'b/2', reverse: true }, ['b/2', 'b/1']],
        [{ prefix: 'b/', from: 'a' }, ['b/1', 'b/2', 'b/3']],
        [{ prefix: 'b/', from: 'a', reverse: true }, []],
        [{ prefix: 'b/', from: 'c' }, []],
        [{ prefix: 'b/', from: 'c', reverse: true }, ['b/3', 'b/2', 'b/1']],
        [{ prefix: 'd' }, []],
      ])('%j selects %j', (range, expected) => {
        write('a', 'b', 'b/1', 'b/2', 'b/3', 'c');
        expect(keysOf(table.entries(range))).toEqual(expected);
        expect(store.transaction(() => keysOf(table.entries(range)))).toEqual(expected);
      });

      test('see the writes of the transaction they run in', () => {
        write('a', 'b');
        store.transaction(() => {
          table.put('c', 1);
          table.remove('a');
          expect(keysOf(table.entries())).toEqual(['b', 'c']);
        });
      });

      test('may be left early, and the table changed, while walking', () => {
        write('a', 'b', 'c');
        store.transaction(() => {
          for (const [key] of table.entries()) {
            table.remove(key);
            if (key === 'b') break;
          }
          expect(keysOf(table.entries())).toEqual(['c']);
        });
      });
    });

    describe('a transaction', () => {
      test('returns what its work returns', () => {
        expect(store.transaction(() => 'done')).toBe('done');
        expect(store.transaction(() => undefined)).toBeUndefined();
      });

      test('that throws leaves everything as it was', () => {
        write('a', 'b');
        const failure = new Error('on purpose');
        expect(() =>
          store.transaction(() => {
            table.put('a', 'changed');
            table.remove('b');
            table.put('c', 'new');
            throw failure;
          }),
        ).toThrow(failure);
        expect([...table.entries()]).toEqual([
          ['a', { key: 'a' }],
          ['b', { key: 'b' }],
        ]);
        write('d');
        expect(keysOf(table.entries())).toEqual(['a', 'b', 'd']);
      });

      test('inside another one joins it', () => {
        expect(() =>
          store.transaction(() => {
            write('a');
            expect(table.get('a')).toEqual({ key: 'a' });
            throw new Error('outer');
          }),
        ).toThrow('outer');
        expect(table.get('a')).toBeUndefined();
      });

      test('inside another one that throws takes back only its own writes', () => {
        write('a', 'b');
        store.transaction(() => {
          table.put('a', 'outer');
          expect(() =>
            store.transaction(() => {
              table.put('a', 'inner');
              write('c');
              table.remove('b');
              throw new Error('inner');
            }),
          ).toThrow('inner');
          expect(table.get('a')).toBe('outer');
          table.put('d', 1);
        });
        expect(keysOf(table.entries())).toEqual(['a', 'b', 'd']);
        expect(table.get('a')).toBe('outer');
      });

      test('refuses asynchronous work and keeps nothing of it', () => {
        expect(() =>
          store.transaction(async () => {
            table.put('a', 1);
          }),
        ).toThrow(/synchronous/);
        expect(table.get('a')).toBeUndefined();
        expect(() => table.put('b', 1)).toThrow(/inside store.transaction/);
      });
    });
  });
}
