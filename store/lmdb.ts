import { resolve } from 'node:path';
import { HawserError } from '../errors.ts';
import { Environment } from './environment.ts';
import { Journal } from './journal.ts';
import { afterPrefix, boundsOf, keyBytes } from './keys.ts';
import type { Range, Store, Table } from './store.ts';

export interface StoreOptions {
  /** Names of files and directories that may lie beside the data file before it exists. */
  alongside?: Iterable<string>;
}

/**
 * Opens the store of a state directory. Nothing is created before the first transaction. Any number
 * of processes may have it open: reading never waits, one writes at a time, and the next writer goes
 * on when one is killed, finding the state as it was before the killed one's transaction.
 * @throws HawserError 'corrupt' for a directory that is foreign, damaged or of a newer hawser;
 *   'permission' for one that cannot be read
 */
export function openStore(dir: string, options: StoreOptions = {}): Store {
  const path = resolve(dir);
  const environment = new Environment(path, options.alongside ?? []);
  const journal = new Journal();
  return {
    table: <V>(name: string) => new LmdbTable<V>(environment, journal, path, name),
    transaction<T>(work: () => T): T {
      if (journal.depth > 0) return journal.run(work);
      let result: { value: T } | undefined;
      environment.writing().transactionSync(() => {
        result = { value: journal.run(work) };
      });
      if (result === undefined) throw new Error(`${path}: the transaction did not run`);
      return result.value;
    },
    close: () => environment.close(),
  };
}

/** All tables share one LMDB database; a table's keys begin with its name and NUL. */
class LmdbTable<V> implements Table<V> {
  readonly #environment: Environment;
  readonly #journal: Journal;
  readonly #dir: string;
  readonly #name: string;
  readonly #prefix: Buffer;
  readonly #end: Buffer | undefined;

  constructor(environment: Environment, journal: Journal, dir: string, name: string) {
    if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new TypeError(`not a table's name: ${name}`);
    this.#environment = environment;
    this.#journal = journal;
    this.#dir = dir;
    this.#name = name;
    this.#prefix = Buffer.from(`${name}\0`);
    this.#end = afterPrefix(this.#prefix);
  }

  get(key: string): V | undefined {
    const text = this.#text(this.#bytes(key));
    return text === undefined ? undefined : this.#parse(key, text);
  }

  put(key: string, value: V): void {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`${this.#name}/${key}: the value is not JSON data`);
    this.#set(key, text);
  }

  remove(key: string): boolean {
    return this.#set(key, undefined);
  }

  *entries(range: Range = {}): Iterable<[key: string, value: V]> {
    for (const [key, text] of this.#select(range)) yield [key, this.#parse(key, text)];
  }

  /** Everything at once, so that no cursor stays open while the caller writes or leaves the loop. */
  #select(range: Range): [key: string, text: string][] {
    const bounds = boundsOf(range);
    const database = this.#fresh();
    if (bounds === undefined || database === undefined) return [];
    const low = Buffer.concat([this.#prefix, bounds.low]);
    const high = bounds.high ? Buffer.concat([this.#prefix, bounds.high]) : this.#end;
    const walk = range.reverse
      ? { start: high, end: low, reverse: true, exclusiveStart: true, inclusiveEnd: true }
      : { start: low, end: high };
    const limit = range.limit === undefined ? {} : { limit: range.limit };
    return Array.from(
      database.getRange({ ...walk, ...limit } as Parameters<typeof database.getRange>[0]),
      ({ key, value }) => [key.toString('utf8', this.#prefix.length), value],
    );
  }

  #set(key: string, text: string | undefined): boolean {
    if (this.#journal.depth === 0) {
      throw new TypeError(`table ${this.#name}: writes happen inside store.transaction`);
    }
    const database = this.#environment.writing();
    const bytes = this.#bytes(key);
    // The outermost transaction is undone by LMDB itself.
    if (this.#journal.depth > 1) {
      const before = database.get(bytes);
      this.#journal.note(() =>
        before === undefined ? database.removeSync(bytes) : database.putSync(bytes, before),
      );
    }
    if (text === undefined) return database.removeSync(bytes);
    database.putSync(bytes, text);
    return true;
  }

  #text(bytes: Buffer): string | undefined {
    return this.#fresh()?.get(bytes);
  }

  /** Outside a transaction each read sees the newest commit, also of another process. */
  #fresh() {
    if (this.#journal.depth > 0) return this.#environment.writing();
    const database = this.#environment.reading();
    database?.resetReadTxn();
    return database;
  }

  #parse(key: string, text: string): V {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new HawserError(
        'corrupt',
        `the state directory ${this.#dir} is damaged: ${this.#name}/${key} is not JSON`,
        { cause },
      );
    }
  }

  #bytes(key: string): Buffer {
    return Buffer.concat([this.#prefix, keyBytes(key)]);
  }
}
