import { Journal, mustWrite } from './journal.ts';
import { boundsOf, keyBytes } from './keys.ts';
import type { Range, Store, Table } from './store.ts';

/** A store that lives as long as the process: for tests, and for trying things out. */
export function memoryStore(): Store {
  const journal = new Journal(1);
  const tables = new Map<string, MemoryTable<unknown>>();
  return {
    table<V>(name: string): Table<V> {
      let table = tables.get(name);
      if (table === undefined) {
        table = new MemoryTable<unknown>(name, journal);
        tables.set(name, table);
      }
      // The name stands for the type: whoever names a table knows what it holds.
      return table as Table<unknown> as Table<V>;
    },
    transaction(work) {
      const result = journal.run(work);
      if (journal.depth === 0) journal.takeBacks(); // nothing here is ever lost
      return result;
    },
    ifLost: (back) => journal.ifLost(back),
    release: () => {},
    close: () => tables.clear(),
  };
}

/**
 * Keys are kept as one character per byte, so that `<` compares them bytewise as every other store
 * does; values as their JSON text, so that nobody shares an object with the store.
 */
class MemoryTable<V> implements Table<V> {
  readonly #name: string;
  readonly #journal: Journal;
  readonly #keys: string[] = [];
  readonly #values = new Map<string, string>();

  constructor(name: string, journal: Journal) {
    this.#name = name;
    this.#journal = journal;
  }

  get(key: string): V | undefined {
    const text = this.#values.get(keyBytes(key).toString('latin1'));
    return text === undefined ? undefined : JSON.parse(text);
  }

  put(key: string, value: V): void {
    mustWrite(this.#journal, this.#name);
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`${this.#name}/${key}: the value is not JSON data`);
    this.#set(keyBytes(key).toString('latin1'), text);
  }

  remove(key: string): boolean {
    mustWrite(this.#journal, this.#name);
    const id = keyBytes(key).toString('latin1');
    const had = this.#values.has(id);
    if (had) this.#set(id, undefined);
    return had;
  }

  *entries(range: Range = {}): Iterable<[key: string, value: V]> {
    const bounds = boundsOf(range);
    if (bounds === undefined) return;
    const start = this.#position(bounds.low.toString('latin1'));
    const end =
      bounds.high === undefined
        ? this.#keys.length
        : this.#position(bounds.high.toString('latin1'));
    const keys = this.#keys.slice(start, end);
    if (range.reverse) keys.reverse();
    for (const id of keys.slice(0, range.limit)) {
      const text = this.#values.get(id);
      if (text !== undefined) yield [Buffer.from(id, 'latin1').toString('utf8'), JSON.parse(text)];
    }
  }

  #set(id: string, text: string | undefined): void {
    const before = this.#values.get(id);
    this.#journal.note(() => this.#write(id, before));
    this.#write(id, text);
  }

  #write(id: string, text: string | undefined): void {
    const position = this.#position(id);
    if (text === undefined) {
      if (this.#values.delete(id)) this.#keys.splice(position, 1);
    } else {
      if (!this.#values.has(id)) this.#keys.splice(position, 0, id);
      this.#values.set(id, text);
    }
  }

  /** Where `id` is, or where it would have to be put: the first position not below it. */
  #position(id: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? '') < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
