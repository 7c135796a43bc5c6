import { ArchiveError } from './archive-error.ts';
import { byteString } from './byte-string.ts';

export const BLOCK = 512;

/** One header block, decoded; the layouts are those of tar(5) from libarchive. */
export interface Header {
  name: string;
  mode: number;
  uid: number;
  gid: number;
  /** Bytes of data that follow, without the padding. */
  size: number;
  /** Seconds since the epoch. */
  mtime: number;
  /** The typeflag's character. */
  type: string;
  linkname: string;
  device: { major: number; minor: number };
}

/**
 * Decodes V7, ustar, star and GNU headers.
 *
 * @returns undefined for a block of zeros, two of which end an archive
 */
export function decodeHeader(block: Buffer): Header | undefined {
  if (isZero(block)) return undefined;
  verifyChecksum(block);
  const text = (from: number, length: number) => byteString(block.subarray(from, from + length));
  const number = (from: number, length: number, what: string) =>
    decodeNumber(block.subarray(from, from + length), what);

  const isPosix = text(257, 6) === 'ustar';
  const isStar = isPosix && block.toString('latin1', 508, 512) === 'tar\0';
  const prefix = isPosix ? text(345, isStar ? 131 : 155) : '';
  const name = text(0, 100);
  const hasDevice = block.toString('latin1', 257, 262) === 'ustar';
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: number(100, 8, 'mode'),
    uid: number(108, 8, 'owner'),
    gid: number(116, 8, 'group'),
    size: number(124, 12, 'size'),
    mtime: number(136, 12, 'time'),
    type: String.fromCharCode(block[156] || 0x30),
    linkname: text(157, 100),
    device: hasDevice
      ? { major: number(329, 8, 'device'), minor: number(337, 8, 'device') }
      : { major: 0, minor: 0 },
  };
}

export function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/** The sum of the header's bytes with its own field as blanks; some old tars summed signed bytes. */
function verifyChecksum(block: Buffer): void {
  let unsigned = 0;
  let signed = 0;
  block.forEach((byte, at) => {
    const counted = at >= 148 && at < 156 ? 0x20 : byte;
    unsigned += counted;
    signed += (counted << 24) >> 24;
  });
  const stated = decodeNumber(block.subarray(148, 156), 'checksum');
  if (stated !== unsigned && stated !== signed) {
    throw new ArchiveError(
      'a header has a wrong checksum: this is no tar archive, or a damaged one',
    );
  }
}

/** Octal digits, or GNU's big-endian two's complement for what is too large or negative. */
export function decodeNumber(field: Buffer, what: string): number {
  const first = field[0] ?? 0;
  if (first & 0x80) {
    let value = BigInt(first & 0x7f);
    for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
    return safeNumber(BigInt.asIntN(field.length * 8 - 1, value), what);
  }
  const digits = byteString(field).trim();
  if (!/^[0-7]*$/.test(digits)) {
    throw new ArchiveError(`the ${what} in a header is no number: the archive is damaged`);
  }
  return safeNumber(BigInt(digits === '' ? 0 : `0o${digits}`), what);
}

function safeNumber(value: bigint, what: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) {
    throw new ArchiveError(`the ${what} ${value} in a header is beyond all measure`);
  }
  return Number(value);
}
