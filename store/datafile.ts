import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { HawserError } from '../errors.ts';

/*
 * LMDB maps its data file into memory and believes it: a file that is not LMDB's, or that was cut
 * short, ends the process with SIGBUS or SIGSEGV where an error belongs. So the two meta pages are
 * read before LMDB sees the file. The layout is that of `MDB_page_header` and `MDB_meta` in mdb.c,
 * data format 2, little endian and 64 bit, as the lmdb package builds it.
 */

const PAGE_HEADER = 24;
const META_SIZE = PAGE_HEADER + 144;
const P_META = 0x08;
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
export const NO_PAGE = 0xffff_ffff_ffff_ffffn;

/** One of the two meta pages: the newer one describes the last commit. */
export interface Meta {
  pageSize: number;
  /** Root pages of the tree of free pages and of the tree of keys; NO_PAGE for an empty tree. */
  freeRoot: bigint;
  mainRoot: bigint;
  lastPage: bigint;
  transaction: bigint;
}

/**
 * Looks at a data file without LMDB. `absent` and `empty` (made, but never written) are a new store.
 * @throws HawserError 'corrupt' for anything that LMDB must not map
 */
export function checkDataFile(path: string): 'absent' | 'empty' | 'sound' {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'absent';
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new HawserError('corrupt', `${path} is not a regular file`);
    if (stat.size === 0) return 'empty';
    readMeta(fd, path);
    return 'sound';
  } finally {
    closeSync(fd);
  }
}

/** The meta page of the last commit; both must be whole, for LMDB reads both. */
function readMeta(fd: number, path: string): Meta {
  const first = parseMeta(readAt(fd, 0, META_SIZE), path);
  const second = parseMeta(readAt(fd, first.pageSize, META_SIZE), path);
  return second.transaction > first.transaction ? second : first;
}

function parseMeta(page: Buffer, path: string): Meta {
  if (page.length < META_SIZE) {
    throw new HawserError('corrupt', `${path} is cut short: its first pages are not all there`);
  }
  const isMeta = (page.readUInt16LE(18) & P_META) !== 0 && page.readUInt32LE(24) === MAGIC;
  if (!isMeta) throw new HawserError('corrupt', `${path} is not an LMDB data file`);
  const version = page.readUInt32LE(28) & 0xffff;
  if (version !== DATA_VERSION) {
    throw new HawserError(
      'corrupt',
      `${path} is in LMDB data format ${version}; this hawser reads format ${DATA_VERSION}`,
    );
  }
  const meta: Meta = {
    pageSize: page.readUInt32LE(48),
    freeRoot: page.readBigUInt64LE(88),
    mainRoot: page.readBigUInt64LE(136),
    lastPage: page.readBigUInt64LE(144),
    transaction: page.readBigUInt64LE(152),
  };
  const { pageSize, freeRoot, mainRoot, lastPage } = meta;
  const rootsInside = [freeRoot, mainRoot].every((root) => root === NO_PAGE || root <= lastPage);
  const sizeRight = pageSize >= 512 && pageSize <= 65536 && (pageSize & (pageSize - 1)) === 0;
  if (!rootsInside || !sizeRight) {
    throw new HawserError('corrupt', `${path} is damaged: a meta page makes no sense`);
  }
  return meta;
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(fd, buffer, 0, length, position));
}
