import type { RootDatabase } from 'lmdb';
import { HawserError } from '../errors.ts';

export type Database = RootDatabase<string, Buffer>;

/** What a store says about itself; no table's keys begin with NUL. */
const KEY = Buffer.from('\0format');
const PRODUCT = 'hawser';
/** Counts up when an older hawser would misread what a newer one wrote. */
const FORMAT = 1;

/**
 * True if the database says that it is ours, false if it is new and says nothing.
 * @throws HawserError 'corrupt' if it belongs to another program or to a newer hawser
 */
export function hasFormat(path: string, database: Database): boolean {
  const text = database.get(KEY);
  if (text === undefined && isEmpty(database)) return false;
  const { product, format } = parse(text ?? '');
  if (product !== PRODUCT || typeof format !== 'number') {
    throw new HawserError('corrupt', `${path} is the data file of another program`);
  }
  if (format > FORMAT) {
    throw new HawserError(
      'corrupt',
      `${path} was written by a newer hawser: its format is ${format}, this one reads ${FORMAT}`,
    );
  }
  return true;
}

/** If two processes come here at once, the second writes the same once more. */
export function writeFormat(database: Database): void {
  database.transactionSync(() => {
    database.putSync(KEY, JSON.stringify({ product: PRODUCT, format: FORMAT }));
  });
}

function isEmpty(database: Database): boolean {
  return Array.from(database.getKeys({ limit: 1 })).length === 0;
}

function parse(text: string): { product?: unknown; format?: unknown } {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
