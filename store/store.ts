/**
 * A store holds everything durable in named tables. Keys are non-empty strings of at most 1,000
 * bytes, ordered bytewise; values are plain JSON data. Every write happens inside a transaction,
 * and there is one writer at a time on the machine.
 */
export interface Store {
  /** A table by name; opening the same name twice gives the same table. */
  table<V>(name: string): Table<V>;
  /**
   * Runs `work` as the only writer. Returning commits durably (it survives power loss), throwing
   * leaves the store as it was. A transaction inside a transaction joins the outer one.
   * `work` is synchronous: kernel work belongs inside it, which serialises hawser's processes.
   */
  transaction<T>(work: () => T): T;
  /**
   * Inside a transaction: what takes back the kernel work done in it, if it cannot be committed
   * although its work has returned (the disk is full). The latest goes first, in a transaction of which
   * nothing stays, still as the only writer. A failure of it is told beside the cause.
   */
  ifLost(back: () => void): void;
  /**
   * Lets go of the moment that reading looks at, for who now waits for long: as long as somebody holds
   * one, what was written over since then takes up room. The next read is of the newest anyway.
   */
  release(): void;
  close(): void;
}

export interface Table<V> {
  get(key: string): V | undefined;
  /** Throws outside a transaction. */
  put(key: string, value: V): void;
  /** True if there was something to remove. Throws outside a transaction. */
  remove(key: string): boolean;
  /** Entries in key order; sees the writes of the transaction it runs in. */
  entries(range?: Range): Iterable<[key: string, value: V]>;
}

export interface Range {
  /** Only keys that begin with this. */
  prefix?: string;
  /** First key, inclusive (the highest one when `reverse`). */
  from?: string;
  reverse?: boolean;
  limit?: number;
}
