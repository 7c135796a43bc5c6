import type { RangeOptions } from 'lmdb';
import { HawserError } from '../errors.ts';
import { Environment, type EnvironmentOptions, lmdb } from './environment.ts';
import { explain } from './explain.ts';
import { mustWrite } from './journal.ts';
import { boundsOf, keyBytes } from './keys.ts';
import type { Range, Store, Table } from './store.ts';

/**
 * Opens the store of a state directory. Nothing is created before the first transaction. Any number
 * of processes may have it open: reading never waits, one writes at a time, and the next writer goes
 * on when one is killed, finding the state as it was before the killed one's transaction.
 * @throws HawserError 'corrupt' for a directory that is foreign, damaged or of a newer hawser;
 *   'permission' for one that cannot be read
 */
export function openStore(dir: string, options: EnvironmentOptions = {}): Store {
  const environment = Environment.of(dir, options);
  let isOpen = true;
  return {
    table: <V>(name: string) => new LmdbTable<V>(environment, name),
    transaction: (work) => transact(environment, work),
    ifLost: (back) => environment.journal.ifLost(back),
    release: () => environment.release(),
    close: () => {
      if (isOpen) environment.close();
      isOpen = false;
    },
  };
}

function transact<T>(environment: Environment, work: () => T): T {
  const { journal } = environment;
  if (journal.depth > 0) return journal.run(work);
  let outcome: { result: T } | { failure: unknown } | undefined;
  try {
    begin(environment, () => {
      try {
        outcome = { result: journal.run(work) };
        return undefined;
      } catch (failure) {
        outcome = { failure };
        return lmdb().ABORT;
      }
    });
  } catch (cause) {
    throw takenBack(environment, cause);
  }
  journal.takeBacks();
  if (outcome === undefined) {
    throw new HawserError('kernel', `write to ${environment.dir}: nothing was done`);
  }
  if ('failure' in outcome) throw outcome.failure;
  return outcome.result;
}

function begin(environment: Environment, work: () => unknown): void {
  const database = environment.writing();
  explain('write to', environment.dir, () => database.transactionSync(work));
}

/** The commit failed: the store is as before, and the kernel is made so, by what has been noted for it. */
function takenBack(environment: Environment, cause: unknown): unknown {
  const backs = environment.journal.takeBacks();
  const failures: string[] = [];
  const attempt = (back: () => void) => {
    try {
      environment.journal.run(back);
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  };
  if (backs.length > 0) {
    begin(environment, () => {
      for (const back of backs) attempt(back);
      return lmdb().ABORT;
    });
  }
  if (failures.length === 0) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const and = `and it could not be undone wholly: ${failures.join('; ')}`;
  const hint = 'hawser system reconcile';
  return new HawserError('kernel', `${message}; ${and}`, { cause, hint });
}

/** All tables share one LMDB database; a table's keys begin with its name and NUL. */
class LmdbTable<V> implements Table<V> {
  readonly #environment: Environment;
  readonly #name: string;
  readonly #prefix: Buffer;
  readonly #end: Buffer;

  constructor(environment: Environment, name: string) {
    if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new TypeError(`not a table's name: ${name}`);
    this.#environment = environment;
    this.#name = name;
    this.#prefix = Buffer.from(`${name}\0`);
    this.#end = Buffer.from(`${name}\x01`);
  }

  get(key: string): V | undefined {
    const bytes = this.#bytes(key);
    const text = explain('read', this.#environment.dir, () =>
      this.#environment.reading()?.get(bytes),
    );
    return text === undefined ? undefined : this.#parse(key, text);
  }

  put(key: string, value: V): void {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`${this.#name}/${key}: the value is not JSON data`);
    this.#write(key, text);
  }

  remove(key: string): boolean {
    return this.#write(key, undefined);
  }

  *entries(range: Range = {}): Iterable<[key: string, value: V]> {
    for (const [key, text] of this.#select(range)) yield [key, this.#parse(key, text)];
  }

  /** Everything at once, so that no cursor stays open while the caller writes or leaves the loop. */
  #select(range: Range): [key: string, text: string][] {
    const bounds = boundsOf(range);
    if (bounds === undefined) return [];
    const low = Buffer.concat([this.#prefix, bounds.low]);
    const high = bounds.high ? Buffer.concat([this.#prefix, bounds.high]) : this.#end;
    const options: RangeOptions = range.reverse
      ? { start: high, end: low, reverse: true, exclusiveStart: true, inclusiveEnd: true }
      : { start: low, end: high };
    if (range.limit !== undefined) options.limit = range.limit;
    return explain('read', this.#environment.dir, () => {
      const entries = this.#environment.reading()?.getRange(options) ?? [];
      const offset = this.#prefix.length;
      return Array.from(entries, ({ key, value }) => [key.toString('utf8', offset), value]);
    });
  }

  /** Puts or removes; false if there was nothing to remove. */
  #write(key: string, text: string | undefined): boolean {
    const { dir, journal } = this.#environment;
    mustWrite(journal, this.#name);
    const bytes = this.#bytes(key);
    return explain('write to', dir, () => {
      const database = this.#environment.writing();
      const set = (value: string | undefined): boolean => {
        if (value === undefined) return database.removeSync(bytes);
        database.putSync(bytes, value);
        return true;
      };
      if (journal.isKept) {
        const before = database.get(bytes);
        journal.note(() => set(before));
      }
      return set(text);
    });
  }

  #parse(key: string, text: string): V {
    try {
      return JSON.parse(text);
    } catch (cause) {
      const what = `the state directory ${this.#environment.dir} is damaged`;
      throw new HawserError('corrupt', `${what}: ${this.#name}/${key} is not JSON`, { cause });
    }
  }

  #bytes(key: string): Buffer {
    return Buffer.concat([this.#prefix, keyBytes(key)]);
  }
}
