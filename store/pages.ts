/*
 * The pages of an LMDB tree, as far as following them needs: `MDB_page`, `MDB_node` and `MDB_ovpage`
 * of mdb.c, data format 2. LMDB trusts every offset and page number it finds; this does not.
 */

export const PAGE_HEADER = 24;
/** Page flags. */
const P_BRANCH = 0x01;
const P_LEAF = 0x02;
const P_OVERFLOW = 0x04;
export const P_META = 0x08;
const NODE_HEADER = 8;
/** Node flag: the value lies on pages of its own. */
const F_BIGDATA = 0x01;
const OVERFLOW_RECORD = 24;
/** A tree of LMDB has no more levels. */
const MAX_DEPTH = 32;

export const NO_PAGE = 0xffff_ffff_ffff_ffffn;

/** Reads a page by its number; undefined if the file has not all of it. */
export type ReadPage = (page: bigint) => Buffer | undefined;

/**
 * Follows a tree from its root to every page that belongs to it.
 * @returns what is wrong, as the end of a sentence; undefined if the tree is whole
 */
export function checkTree(root: bigint, lastPage: bigint, read: ReadPage): string | undefined {
  const seen = new Set<bigint>();
  const next: { number: bigint; depth: number }[] = [{ number: root, depth: 1 }];
  for (let page = next.pop(); page !== undefined; page = next.pop()) {
    const { number, depth } = page;
    if (number > lastPage || depth > MAX_DEPTH) return `a page leads to page ${number}`;
    if (seen.has(number)) return `page ${number} is reached twice`;
    seen.add(number);
    const bytes = read(number);
    if (bytes === undefined) return `page ${number} is missing`;
    const kind = bytes.readUInt16LE(18) & (P_BRANCH | P_LEAF | P_OVERFLOW | P_META);
    const nodes = bytes.readBigUInt64LE(0) === number ? nodeOffsets(bytes) : undefined;
    if (nodes === undefined) return `page ${number} makes no sense`;
    if (kind === P_BRANCH) {
      for (const at of nodes) next.push({ number: childOf(bytes, at), depth: depth + 1 });
    } else if (kind === P_LEAF) {
      for (const at of nodes) {
        const problem = checkValue(bytes, at, lastPage, read);
        if (problem !== undefined) return `page ${number}: ${problem}`;
      }
    } else {
      return `page ${number} is neither branch nor leaf`;
    }
  }
  return undefined;
}

/** Where a page's nodes begin; undefined if one would not lie inside the page. */
function nodeOffsets(page: Buffer): number[] | undefined {
  const lower = page.readUInt16LE(20);
  const upper = page.readUInt16LE(22);
  if (lower % 2 !== 0 || lower > upper || PAGE_HEADER + upper > page.length) return undefined;
  const offsets = Array.from(
    { length: lower / 2 },
    (_, index) => PAGE_HEADER + page.readUInt16LE(PAGE_HEADER + 2 * index),
  );
  const inside = offsets.every(
    (at) =>
      at >= PAGE_HEADER + upper &&
      at + NODE_HEADER <= page.length &&
      at + NODE_HEADER + keySize(page, at) <= page.length,
  );
  return inside ? offsets : undefined;
}

function keySize(page: Buffer, at: number): number {
  return page.readUInt16LE(at + 6);
}

/** The page that a branch's node points to, 48 bits over three fields. */
function childOf(page: Buffer, at: number): bigint {
  return BigInt(page.readUIntLE(at, 6));
}

function checkValue(
  page: Buffer,
  at: number,
  lastPage: bigint,
  read: ReadPage,
): string | undefined {
  const start = at + NODE_HEADER + keySize(page, at);
  const size = page.readUInt32LE(at);
  const isBig = (page.readUInt16LE(at + 4) & F_BIGDATA) !== 0;
  if (start + (isBig ? OVERFLOW_RECORD : size) > page.length) return 'a value leaves the page';
  if (!isBig) return undefined;
  const first = page.readBigUInt64LE(start);
  const count = page.readBigUInt64LE(start + 16);
  const needed = BigInt(Math.ceil((PAGE_HEADER + size) / page.length));
  if (count < needed || first + count - 1n > lastPage) return 'a value leaves the file';
  const head = read(first);
  if (head === undefined || read(first + needed - 1n) === undefined) return 'a value is missing';
  return (head.readUInt16LE(18) & P_OVERFLOW) === 0 ? 'a value lies on a wrong page' : undefined;
}
