import { statfsSync } from 'node:fs';
import { HawserError } from '../errors.ts';

/** Turns what files and LMDB throw into sentences that name the state directory and the cause. */
export function explain<T>(attempt: string, dir: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw sentence(`${attempt} the state directory ${dir}`, dir, error);
  }
}

/** Error codes of lmdb.h; what the system says comes as a positive errno. */
const MDB_CORRUPTED = [-30797, -30796, -30795, -30794, -30793];
const MDB_MAP_FULL = -30792;
const MDB_READERS_FULL = -30790;

function sentence(attempt: string, dir: string, error: unknown): unknown {
  if (error instanceof HawserError || !(error instanceof Error)) return error;
  const code = (error as { code?: unknown }).code;
  const say = (kind: HawserError['code'], cause: string) =>
    new HawserError(kind, `${attempt}: ${cause}`, { cause: error });
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 13:
    case 1:
      return say('permission', 'permission denied');
    case 'EROFS':
    case 30:
      return say('permission', 'read-only file system');
    case 'ENOTDIR':
    case 'EEXIST':
    case 20:
      return say('corrupt', 'not a directory');
    case 'EISDIR':
      return say('corrupt', 'its data file is a directory');
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return say('invalid', error.message);
    case 5:
      // LMDB calls a write that came out short an input/output error.
      return say('kernel', isFull(dir) ? 'no space left on device' : error.message);
    case MDB_MAP_FULL:
      return say('exhausted', 'it holds as much as it can');
    case MDB_READERS_FULL:
      return say('exhausted', 'too many processes read it');
  }
  if (typeof code === 'number' && MDB_CORRUPTED.includes(code)) {
    return say('corrupt', `its data file is damaged: ${error.message}`);
  }
  // The kernel's own words.
  return code === undefined ? error : say('kernel', error.message);
}

function isFull(dir: string): boolean {
  return statfsSync(dir).bavail === 0;
}
