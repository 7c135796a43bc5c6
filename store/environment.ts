import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { RootDatabaseOptionsWithPath } from 'lmdb';
import { checkDataFile } from './datafile.ts';
import {
  DATA_FILE,
  fdsOf,
  identityOf,
  realPath,
  refuseForeign,
  syncDirectory,
} from './directory.ts';
import { explain } from './explain.ts';
import { type Database, hasFormat, writeFormat } from './format.ts';
import { Journal } from './journal.ts';

export interface EnvironmentOptions {
  /**
   * Sets FD_CLOEXEC. LMDB opens its data file so that child processes inherit it, and Node has no
   * fcntl(2) to prevent it.
   */
  closeOnExec?: (fd: number) => void;
}

/** Address space, not disk: the file grows with what it holds. 60,000 leases take 17 MB. */
const MAP_SIZE = 2 ** 30;

/**
 * The LMDB environment of a state directory, opened when it is first needed: for reading as long as
 * nothing is written, so that a reader creates nothing and waits for no writer.
 */
export class Environment {
  /** LMDB must not open a file twice in one process (lmdb.h, Caveats): its users share this. */
  static readonly #open = new Map<string, Environment>();

  readonly dir: string;
  readonly journal = new Journal(2);
  readonly #path: string;
  readonly #options: EnvironmentOptions;
  #users = 1;
  #database: Database | undefined;
  #isWritable = false;
  /** Which file it is, to see when another one takes its place. */
  #identity: string | undefined;

  private constructor(dir: string, options: EnvironmentOptions) {
    this.dir = dir;
    this.#path = join(dir, DATA_FILE);
    this.#options = options;
  }

  /** @throws HawserError when `dir` is not a state directory and cannot become one */
  static of(dir: string, options: EnvironmentOptions): Environment {
    const path = explain('open', dir, () => realPath(resolve(dir)));
    const shared = Environment.#open.get(path);
    if (shared !== undefined) {
      shared.#users++;
      return shared;
    }
    const environment = new Environment(path, options);
    environment.#check();
    Environment.#open.set(path, environment);
    return environment;
  }

  /**
   * The database for reading, at the newest commit of any process, or at the transaction that is
   * open here; undefined while there is nothing to read.
   */
  reading(): Database | undefined {
    if (this.journal.depth > 0) return this.#database;
    this.#refresh();
    if (this.#database === undefined && this.#check()) this.#load(false);
    this.#database?.resetReadTxn();
    return this.#database;
  }

  /** Ends the snapshot that was read last. */
  release(): void {
    if (this.journal.depth === 0) this.#database?.resetReadTxn();
  }

  /** The database for writing, made if there is none. */
  writing(): Database {
    if (this.journal.depth === 0) this.#refresh();
    if (this.#database !== undefined && this.#isWritable) return this.#database;
    this.#unload();
    this.#check();
    explain('create', this.dir, () => mkdirSync(this.dir, { recursive: true, mode: 0o700 }));
    return this.#load(true);
  }

  close(): void {
    if (this.journal.depth > 0) throw new TypeError('a store is not closed inside a transaction');
    if (--this.#users > 0) return;
    this.#unload();
    Environment.#open.delete(this.dir);
  }

  /** True if there is a data file that LMDB may map. */
  #check(): boolean {
    return explain('open', this.dir, () => {
      const state = checkDataFile(this.#path);
      if (state === 'absent') refuseForeign(this.dir);
      return state === 'sound';
    });
  }

  /** After `system reset` by another process, the file that is open is no longer the state. */
  #refresh(): void {
    if (this.#users === 0) throw new TypeError(`the store of ${this.dir} is closed`);
    if (this.#database !== undefined && identityOf(this.#path) !== this.#identity) this.#unload();
  }

  #load(writable: boolean): Database {
    return explain('open', this.dir, () => {
      const database = openDatabase(this.#path, !writable);
      try {
        const { closeOnExec } = this.#options;
        if (closeOnExec !== undefined) for (const fd of fdsOf(this.#path)) closeOnExec(fd);
        if (!hasFormat(this.#path, database) && writable) {
          writeFormat(database);
          // The file is on the disk; that it exists has to be as well.
          for (const made of [this.dir, dirname(this.dir)]) syncDirectory(made);
        }
      } catch (error) {
        void database.close();
        throw error;
      }
      this.#identity = identityOf(this.#path);
      this.#isWritable = writable;
      this.#database = database;
      return database;
    });
  }

  #unload(): void {
    // With nothing queued (this store never queues) close is done when it returns.
    void this.#database?.close();
    this.#database = undefined;
  }
}

function openDatabase(path: string, readOnly: boolean): Database {
  const options: RootDatabaseOptionsWithPath & { permissionsMode: number } = {
    path,
    readOnly,
    noSubdir: true,
    permissionsMode: 0o600,
    keyEncoding: 'binary',
    encoding: 'string',
    mapSize: MAP_SIZE,
    // Each process that reads takes one of these; 64 bytes each in the lock file.
    maxReaders: 1024,
    // A commit is on the disk when it returns: no flush afterwards by another thread.
    overlappingSync: false,
    // Unused parts of pages are zeroed: nothing of the process's memory reaches the file.
    noMemInit: false,
  };
  return lmdb().open<string, Buffer>(options);
}

/** Loaded when a store is first opened, from one CommonJS file: half the time of the ES modules. */
export function lmdb(): typeof import('lmdb') {
  return createRequire(import.meta.url)('lmdb');
}
