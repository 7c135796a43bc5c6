import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { HawserError } from '../errors.ts';
import { checkTree, NO_PAGE, P_META, PAGE_HEADER } from './pages.ts';

/*
 * LMDB maps its data file into memory and believes it: a file that is not LMDB's, that was cut short
 * or overwritten, ends the process with SIGBUS, SIGSEGV or SIGABRT where an error belongs. So the
 * file is read before LMDB sees it. The layout is that of `MDB_meta` in mdb.c, data format 2, little
 * endian and 64 bit, as the lmdb package builds it.
 */

const META_SIZE = PAGE_HEADER + 144;
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
/**
 * Files up to this many bytes (some thousand records) are read whole each time they are opened,
 * in less than a millisecond; of larger ones only the meta pages, unless the file looks cut short.
 */
const SMALL = 1 << 18;
/** How often a check begins anew because a commit changed the pages under it. */
const ATTEMPTS = 5;

/** One of the two meta pages: the newer one describes the last commit. */
interface Meta {
  pageSize: number;
  /** The roots of the tree of free pages and of the tree of keys. */
  roots: bigint[];
  lastPage: bigint;
  transaction: bigint;
}

/**
 * Looks at a data file without LMDB. `absent` and `empty` (made, but never written) are a new store.
 * @param thorough read all of the file, however large
 * @throws HawserError 'corrupt' for anything that LMDB must not map
 */
export function checkDataFile(path: string, thorough = false): 'absent' | 'empty' | 'sound' {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'absent';
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    if (size === 0) return 'empty';
    checkPages(fd, path, thorough);
    return 'sound';
  } finally {
    closeSync(fd);
  }
}

/**
 * Other processes may commit meanwhile. A commit never touches the pages of the one before it, but
 * the one after that may: what looks wrong counts only if the file is still at the same commit.
 */
function checkPages(fd: number, path: string, thorough: boolean): void {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const meta = readMeta(fd, path);
    // Read after the meta page: pages are written before the meta page that counts them.
    const { size } = fstatSync(fd);
    const isShort = BigInt(size) < (meta.lastPage + 1n) * BigInt(meta.pageSize);
    if (!isShort && size > SMALL && !thorough) return;
    const problem = checkTrees(fd, meta);
    if (problem === undefined) return;
    if (readMeta(fd, path).transaction === meta.transaction) throw damaged(path, problem);
  }
}

/**
 * A file may be shorter than its meta page says, when the last commit freed the pages at its end:
 * only the pages that the trees reach have to be there.
 */
function checkTrees(fd: number, { pageSize, roots, lastPage }: Meta): string | undefined {
  const read = (page: bigint) => {
    const bytes = readAt(fd, Number(page) * pageSize, pageSize);
    return bytes.length === pageSize ? bytes : undefined;
  };
  for (const root of roots) {
    const problem = root === NO_PAGE ? undefined : checkTree(root, lastPage, read);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The meta page of the last commit; both must be whole, for LMDB reads both. */
function readMeta(fd: number, path: string): Meta {
  const first = parseMeta(readAt(fd, 0, META_SIZE), path);
  const second = parseMeta(readAt(fd, first.pageSize, META_SIZE), path);
  return second.transaction > first.transaction ? second : first;
}

function parseMeta(page: Buffer, path: string): Meta {
  const isLmdb =
    page.length >= 32 && (page.readUInt16LE(18) & P_META) !== 0 && page.readUInt32LE(24) === MAGIC;
  if (!isLmdb) throw new HawserError('corrupt', `${path} is not an LMDB data file`);
  if (page.length < META_SIZE) throw damaged(path, 'a meta page is cut short');
  const version = page.readUInt32LE(28) & 0xffff;
  if (version !== DATA_VERSION) {
    throw new HawserError(
      'corrupt',
      `${path} is in LMDB data format ${version}; this hawser reads format ${DATA_VERSION}`,
    );
  }
  const meta: Meta = {
    pageSize: page.readUInt32LE(48),
    roots: [page.readBigUInt64LE(88), page.readBigUInt64LE(136)],
    lastPage: page.readBigUInt64LE(144),
    transaction: page.readBigUInt64LE(152),
  };
  const { pageSize } = meta;
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0) {
    throw damaged(path, `a page size of ${pageSize} makes no sense`);
  }
  return meta;
}

function damaged(path: string, problem: string): HawserError {
  return new HawserError('corrupt', `${path} is damaged: ${problem}`);
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(fd, buffer, 0, length, position));
}
