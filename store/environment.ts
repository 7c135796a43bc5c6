import { mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { RootDatabase, RootDatabaseOptionsWithPath } from 'lmdb';
import { HawserError } from '../errors.ts';
import { checkDataFile } from './datafile.ts';

export type Database = RootDatabase<string, Buffer>;

export const DATA_FILE = 'hawser.mdb';
const LOCK_FILE = `${DATA_FILE}-lock`;

/** What the store writes about itself; no table's key begins with NUL. */
const FORMAT_KEY = Buffer.from('\0format');
const FORMAT = { product: 'hawser', format: 1 };

/** Address space, not disk: the file grows with what it holds. A /16 full of leases takes 20 MB. */
const MAP_SIZE = 2 ** 30;

/**
 * The one LMDB environment of a state directory in this process, opened when it is first needed:
 * for reading as long as nothing is written, so that a reader creates nothing and waits for no writer.
 */
export class Environment {
  readonly #dir: string;
  readonly #path: string;
  readonly #alongside: ReadonlySet<string>;
  #database: Database | undefined;
  #writable = false;

  /** @throws HawserError when `dir` is not a state directory and cannot become one */
  constructor(dir: string, alongside: Iterable<string>) {
    this.#dir = dir;
    this.#path = join(dir, DATA_FILE);
    this.#alongside = new Set([...alongside, DATA_FILE, LOCK_FILE]);
    this.#check();
  }

  /** The database as it is; undefined while there is nothing to read. */
  reading(): Database | undefined {
    if (this.#database === undefined && this.#check()) this.#open(false);
    return this.#database;
  }

  /** The database for writing, made if there is none. */
  writing(): Database {
    if (this.#database !== undefined && this.#writable) return this.#database;
    this.close();
    this.#check();
    explain(this.#dir, 'create', () => {
      mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    });
    return this.#open(true);
  }

  close(): void {
    // With nothing queued (this store never queues) close is done when it returns.
    void this.#database?.close();
    this.#database = undefined;
  }

  /** True if there is a data file that LMDB may map. */
  #check(): boolean {
    return explain(this.#dir, 'open', () => {
      const state = checkDataFile(this.#path);
      if (state === 'absent') this.#refuseForeignFiles();
      return state === 'sound';
    });
  }

  #refuseForeignFiles(): void {
    let names: string[];
    try {
      names = readdirSync(this.#dir);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return;
      throw error;
    }
    const foreign = names.find((name) => !this.#alongside.has(name));
    if (foreign === undefined) return;
    throw new HawserError(
      'corrupt',
      `${this.#dir} is not a hawser state directory: it holds ${foreign} and no ${DATA_FILE}`,
      { hint: 'name an empty or absent directory with --root' },
    );
  }

  #open(writable: boolean): Database {
    const database = explain(this.#dir, 'open', () => openDatabase(this.#path, !writable));
    try {
      const isFormatted = checkFormat(this.#path, database);
      if (writable && !isFormatted) {
        database.transactionSync(() => {
          // Another process may have come first; then this is its record once more.
          void database.put(FORMAT_KEY, JSON.stringify(FORMAT));
        });
      }
    } catch (error) {
      void database.close();
      throw error;
    }
    this.#database = database;
    this.#writable = writable;
    return database;
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
function lmdb(): typeof import('lmdb') {
  return createRequire(import.meta.url)('lmdb');
}

/** True if the database says that it is ours, false if it is new and says nothing. */
function checkFormat(path: string, database: Database): boolean {
  const text = database.get(FORMAT_KEY);
  if (text === undefined) {
    for (const _ of database.getKeys({ limit: 1 })) {
      throw new HawserError('corrupt', `${path} is an LMDB data file of another program`);
    }
    return false;
  }
  const { product, format } = parseFormat(text);
  if (product !== FORMAT.product || typeof format !== 'number') {
    throw new HawserError('corrupt', `${path} is an LMDB data file of another program`);
  }
  if (format > FORMAT.format) {
    throw new HawserError(
      'corrupt',
      `${path} was written by a newer hawser: state format ${format}, this one knows ${FORMAT.format}`,
    );
  }
  return true;
}

function parseFormat(text: string): { product?: unknown; format?: unknown } {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** Turns the errors of files and of LMDB into sentences that name the directory and the cause. */
export function explain<T>(dir: string, attempt: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw sentence(dir, attempt, error);
  }
}

function sentence(dir: string, attempt: string, error: unknown): unknown {
  if (error instanceof HawserError || !(error instanceof Error)) return error;
  const what = `${attempt} the state directory ${dir}`;
  switch (errnoOf(error)) {
    case 'EACCES':
    case 'EPERM':
    case 13:
    case 1:
      return new HawserError('permission', `${what}: permission denied`, { cause: error });
    case 'EROFS':
    case 30:
      return new HawserError('permission', `${what}: read-only file system`, { cause: error });
    case 'ENOTDIR':
    case 'EEXIST':
      return new HawserError('corrupt', `${what}: not a directory`, { cause: error });
  }
  return error;
}

function errnoOf(error: unknown): string | number | undefined {
  return (error as { code?: string | number }).code;
}
