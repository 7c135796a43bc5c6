import { ArchiveError } from './archive-error.ts';
import { ByteReader } from './byte-reader.ts';
import { byteString, display } from './byte-string.ts';
import { BLOCK, decodeHeader, type Header, isZero } from './header.ts';
import { decodePax, type PaxRecords, paxName, paxNumber } from './pax.ts';
import { oldGnuMap, paxMap, type SparseMap } from './sparse.ts';

/** A file, directory or other node that an archive holds. Names are byte strings. */
export interface Entry {
  name: string;
  type: EntryType;
  /** Permission bits, setuid, setgid and sticky included. */
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since the epoch, with fractions. */
  mtime: number;
  /** What a symlink says, or the entry that a hard link is another name of; else empty. */
  linkname: string;
  device: { major: number; minor: number };
  /** Extended attributes by their full name: `security.capability`. */
  xattrs: Map<string, Buffer>;
  /** Bytes of the file once it is unpacked, holes included; 0 for all else. */
  size: number;
  /** The file's bytes and where they belong, once, before the next entry is asked for. */
  data: AsyncIterable<{ offset: number; bytes: Buffer }>;
}

export type EntryType =
  | 'file'
  | 'link'
  | 'symlink'
  | 'character-device'
  | 'block-device'
  | 'directory'
  | 'fifo';

const typeOf = new Map<string, EntryType>([
  ['0', 'file'],
  ['1', 'link'],
  ['2', 'symlink'],
  ['3', 'character-device'],
  ['4', 'block-device'],
  ['5', 'directory'],
  ['6', 'fifo'],
  ['7', 'file'], // contiguous: how the disk holds it is not ours to choose
  ['S', 'file'], // sparse
]);

/** Go's archive/tar and with it Docker draw the line here as well. */
const LONGEST_EXTENSION = 1 << 20;

/**
 * Reads a tar archive, entry by entry: V7, ustar, GNU and pax, with long names, large numbers,
 * extended attributes and sparse files. The source is read to its end, also past the archive's.
 *
 * @throws ArchiveError if it is no tar, is damaged, or was cut off
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<Entry, void> {
  const bytes = new ByteReader(source);
  const globals: PaxRecords = new Map();
  let locals: PaxRecords = new Map();
  let longName: string | undefined;
  let longLink: string | undefined;
  try {
    for (;;) {
      const block = await bytes.exactly(BLOCK);
      if (!block) throw withoutEnd(bytes.position);
      const header = decodeHeader(block);
      if (!header) break;
      if (header.size < 0) throw new ArchiveError(`an entry has ${header.size} bytes`);
      if (header.type === 'x') locals = decodePax(await extension(bytes, header));
      else if (header.type === 'g') {
        for (const record of decodePax(await extension(bytes, header))) globals.set(...record);
      } else if (header.type === 'L') longName = byteString(await extension(bytes, header));
      else if (header.type === 'K') longLink = byteString(await extension(bytes, header));
      else if (header.type === 'V')
        await bytes.skip(padded(header.size)); // a volume's label
      else {
        const named = {
          ...header,
          name: longName ?? header.name,
          linkname: longLink ?? header.linkname,
        };
        yield* readEntry(bytes, block, named, new Map([...globals, ...locals]));
        locals = new Map();
        longName = longLink = undefined;
      }
    }
    const second = await bytes.exactly(BLOCK);
    if (second && !isZero(second)) {
      throw new ArchiveError('a block of zeros stands between entries: the archive is damaged');
    }
    await bytes.skipRest();
  } finally {
    await bytes.close();
  }
}

/** Yields one entry and skips what the reader has left of its data. */
async function* readEntry(
  bytes: ByteReader,
  block: Buffer,
  header: Header,
  pax: PaxRecords,
): AsyncGenerator<Entry, void> {
  const name = paxName(pax, 'path') ?? header.name;
  // V7 had no typeflag for directories.
  const type = header.type === '0' && name.endsWith('/') ? 'directory' : typeOf.get(header.type);
  if (type === undefined) {
    throw new ArchiveError(
      `${display(name)} is of a kind that is not known (typeflag ${display(header.type)})`,
    );
  }
  // Only files have data, whatever the header of a link or directory says (as Go's archive/tar).
  const stored = type === 'file' ? (paxNumber(pax, 'size') ?? header.size) : 0;
  if (stored < 0) throw new ArchiveError(`${display(name)} has ${stored} bytes`);

  const sparse =
    header.type === 'S'
      ? { map: await oldGnuMap(block, bytes), used: 0 }
      : type === 'file' && (await paxMap(pax, bytes, stored));
  const map: SparseMap = sparse
    ? sparse.map
    : { size: stored, parts: [{ offset: 0, length: stored }] };
  const begin = bytes.position - (sparse ? sparse.used : 0);
  const present = map.parts.reduce((sum, { length }) => sum + length, 0);
  if (present > stored) throw new ArchiveError(`${display(name)} has less data than its map says`);

  yield {
    name: map.name ?? name,
    type,
    mode: header.mode & 0o7777,
    uid: paxNumber(pax, 'uid') ?? header.uid,
    gid: paxNumber(pax, 'gid') ?? header.gid,
    mtime: paxNumber(pax, 'mtime') ?? header.mtime,
    linkname: paxName(pax, 'linkpath') ?? header.linkname,
    device: header.device,
    xattrs: xattrsOf(pax),
    size: map.size,
    data: readParts(bytes, map),
  };
  await bytes.skip(begin + padded(stored) - bytes.position);
}

async function* readParts(bytes: ByteReader, map: SparseMap): Entry['data'] {
  for (const part of map.parts) {
    let { offset } = part;
    for await (const chunk of bytes.stream(part.length)) {
      yield { offset, bytes: chunk };
      offset += chunk.length;
    }
  }
}

/** Where star, GNU tar, libarchive and Go keep extended attributes. */
const XATTR_KEYWORD = 'SCHILY.xattr.';

function xattrsOf(pax: PaxRecords): Map<string, Buffer> {
  const xattrs = new Map<string, Buffer>();
  for (const [keyword, value] of pax) {
    if (keyword.startsWith(XATTR_KEYWORD)) xattrs.set(keyword.slice(XATTR_KEYWORD.length), value);
  }
  return xattrs;
}

async function extension(bytes: ByteReader, header: Header): Promise<Buffer> {
  if (header.size > LONGEST_EXTENSION) {
    throw new ArchiveError(`a header goes on for ${header.size} bytes, and a million are allowed`);
  }
  if (header.size === 0) return Buffer.alloc(0);
  const whole = await bytes.exactly(padded(header.size));
  if (!whole) throw withoutEnd(bytes.position);
  return whole.subarray(0, header.size);
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

function withoutEnd(position: number): ArchiveError {
  return position === 0
    ? new ArchiveError('the archive is empty')
    : new ArchiveError(`the archive was cut off after ${position} bytes: its end mark is missing`);
}
