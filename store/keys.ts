import type { Range } from './store.ts';

/** What a key may take in UTF-8, so that every store can hold what any other holds. */
export const MAX_KEY_BYTES = 1000;

/** The bytes of a key; a TypeError for one that no table accepts: that is a bug in the caller. */
export function keyBytes(key: string): Buffer {
  const bytes = Buffer.from(key, 'utf8');
  if (bytes.length === 0 || bytes.length > MAX_KEY_BYTES) {
    throw new TypeError(
      `a key takes 1 to ${MAX_KEY_BYTES} bytes, not ${bytes.length}: ${JSON.stringify(key.slice(0, 40))}`,
    );
  }
  return bytes;
}

/** A half-open interval of keys: `low` belongs to it, `high` (undefined: no limit) does not. */
export interface Bounds {
  low: Buffer;
  high: Buffer | undefined;
}

/** What a range selects, whichever way it is walked; undefined if it cannot select anything. */
export function boundsOf({ prefix = '', from, reverse = false }: Range): Bounds | undefined {
  let low: Buffer = Buffer.from(prefix, 'utf8');
  let high = afterPrefix(low);
  if (from !== undefined) {
    const edge = Buffer.from(from, 'utf8');
    if (!reverse) {
      if (Buffer.compare(edge, low) > 0) low = edge;
    } else {
      // The smallest key greater than `from`: bytewise, nothing lies between k and k + NUL.
      const above = Buffer.concat([edge, Buffer.of(0)]);
      if (high === undefined || Buffer.compare(above, high) < 0) high = above;
    }
  }
  return high !== undefined && Buffer.compare(low, high) >= 0 ? undefined : { low, high };
}

/** The first key that lies behind all that begin with `prefix`; undefined if there is none. */
export function afterPrefix(prefix: Buffer): Buffer | undefined {
  for (let last = prefix.length - 1; last >= 0; last--) {
    const byte = prefix[last] ?? 0;
    if (byte < 0xff) return Buffer.concat([prefix.subarray(0, last), Buffer.of(byte + 1)]);
  }
  return undefined;
}
