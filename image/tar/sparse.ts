import { ArchiveError } from './archive-error.ts';
import type { ByteReader } from './byte-reader.ts';
import { BLOCK, decodeNumber } from './header.ts';
import { type PaxRecords, paxName, paxNumber } from './pax.ts';

/** Which parts of a file with holes the archive holds: GNU tar's manual, "Storing Sparse Files". */
export interface SparseMap {
  /** The file's name, where the header's own is a stand-in. */
  name?: string | undefined;
  /** Bytes of the file as it is read, holes included. */
  size: number;
  parts: Part[];
}

interface Part {
  offset: number;
  length: number;
}

const MOST_PARTS = 1 << 20;

/** The map of an old GNU header (typeflag S): four parts in the header, more in blocks after it. */
export async function oldGnuMap(header: Buffer, bytes: ByteReader): Promise<SparseMap> {
  const fields = [header.subarray(386, 482)];
  for (let isExtended = header[482] !== 0; isExtended; ) {
    const block = await bytes.exactly(BLOCK);
    if (!block) throw new ArchiveError('the archive was cut off within the map of a sparse file');
    fields.push(block.subarray(0, 504));
    isExtended = block[504] !== 0;
    if (fields.length > MOST_PARTS / 21) throw tooManyParts();
  }
  const parts: Part[] = [];
  for (const field of fields) {
    for (let at = 0; at < field.length && field[at] !== 0; at += 24) {
      parts.push({
        offset: decodeNumber(field.subarray(at, at + 12), 'offset'),
        length: decodeNumber(field.subarray(at + 12, at + 24), 'length'),
      });
    }
  }
  return checked({ size: decodeNumber(header.subarray(483, 495), 'size'), parts });
}

/**
 * The map that pax keywords announce: format 0.1 has it in a keyword, 1.0 before the file's data.
 *
 * @param data bytes of the entry's data, map included
 * @returns undefined for a file without holes; `used` is how much of the data the map took
 */
export async function paxMap(
  records: PaxRecords,
  bytes: ByteReader,
  data: number,
): Promise<{ map: SparseMap; used: number } | undefined> {
  const name = paxName(records, 'GNU.sparse.name');
  const size = paxNumber(records, 'GNU.sparse.realsize') ?? paxNumber(records, 'GNU.sparse.size');
  if (size === undefined) return undefined;
  const inline = paxName(records, 'GNU.sparse.map');
  if (inline !== undefined) {
    return { map: checked({ name, size, parts: pairs(inline.split(',')) }), used: 0 };
  }
  if (paxNumber(records, 'GNU.sparse.major') !== 1) {
    throw new ArchiveError('a sparse file is stored in a format that is not read (GNU 0.0)');
  }
  const { numbers, used } = await leadingMap(bytes, data);
  return { map: checked({ name, size, parts: pairs(numbers) }), used };
}

/** Decimal numbers, one a line: how many parts, then offset and length of each; padded to a block. */
async function leadingMap(
  bytes: ByteReader,
  data: number,
): Promise<{ numbers: string[]; used: number }> {
  const blocks: string[] = [];
  let lines = 0;
  for (let wanted = 1; lines < wanted; ) {
    const isMore = (blocks.length + 1) * BLOCK <= data;
    const block = isMore ? await bytes.exactly(BLOCK) : undefined;
    if (!block) throw new ArchiveError('the map of a sparse file is cut off');
    blocks.push(block.toString('latin1'));
    for (const byte of block) if (byte === 0x0a) lines++;
    // The first line never needs a second block: fifteen digits are the most that are believed.
    if (blocks.length === 1) wanted = 1 + 2 * wholeNumber(blocks[0]?.split('\n', 1)[0] ?? '');
    if (wanted > 2 * MOST_PARTS || blocks.length > MOST_PARTS) throw tooManyParts();
  }
  const [count, ...numbers] = blocks.join('').split('\n');
  return { numbers: numbers.slice(0, 2 * Number(count)), used: blocks.length * BLOCK };
}

function pairs(numbers: string[]): Part[] {
  if (numbers.length > 2 * MOST_PARTS) throw tooManyParts();
  const parts: Part[] = [];
  for (let at = 0; at + 1 < numbers.length; at += 2) {
    parts.push({
      offset: wholeNumber(numbers[at] ?? ''),
      length: wholeNumber(numbers[at + 1] ?? ''),
    });
  }
  return parts;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new ArchiveError('the map of a sparse file is malformed');
  return Number(text);
}

/** Parts must lie in order, apart, and within the file. */
function checked(map: SparseMap): SparseMap {
  let end = 0;
  for (const { offset, length } of map.parts) {
    if (offset < end || length < 0) throw new ArchiveError('the map of a sparse file is malformed');
    end = offset + length;
  }
  if (end > map.size) throw new ArchiveError('the map of a sparse file leads beyond its end');
  return map;
}

function tooManyParts(): ArchiveError {
  return new ArchiveError('the map of a sparse file has more than a million parts');
}
