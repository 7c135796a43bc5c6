import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileSeccomp, type SeccompProfile } from '../../native/seccomp.ts';

/** Changes when the same profile is to be compiled anew. */
const FORMAT = '1';
/** struct sock_filter: a filter is a whole number of these. */
const INSTRUCTION_SIZE = 8;

/**
 * The profile's filter, compiled at its first use and kept in `directory` by the hash of what it
 * was made from. Loading libseccomp and compiling costs several milliseconds, reading a fraction of one.
 */
export function cachedFilter(profile: SeccompProfile, directory: string): Uint8Array {
  const key = createHash('sha256')
    .update(`${FORMAT} ${process.arch} ${JSON.stringify(profile, bigintAsText)}`)
    .digest('hex');
  const path = join(directory, `${key}.bpf`);

  const kept = readIfWhole(path);
  if (kept !== undefined) return kept;

  const filter = compileSeccomp(profile);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Renamed into place, so that another process never reads half a filter.
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, filter, { mode: 0o600 });
  renameSync(draft, path);
  return filter;
}

function readIfWhole(path: string): Uint8Array | undefined {
  try {
    const bytes = readFileSync(path);
    return bytes.length > 0 && bytes.length % INSTRUCTION_SIZE === 0 ? bytes : undefined;
  } catch {
    return undefined; // none yet, or one that cannot be read: it is made again
  }
}

const bigintAsText = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;
