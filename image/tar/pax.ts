import { ArchiveError } from './archive-error.ts';

/** Extended attributes of the entry that follows, by keyword; values are bytes. */
export type PaxRecords = Map<string, Buffer>;

/**
 * Decodes the records of a pax extended header: `LENGTH KEYWORD=VALUE\n`, where LENGTH counts the
 * whole record (POSIX.1-2017, pax, "pax Extended Header"). Values may hold any byte, newlines and
 * NULs included, so that extended attributes survive.
 */
export function decodePax(bytes: Buffer): PaxRecords {
  const records: PaxRecords = new Map();
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(0x20, at);
    const digits = bytes.toString('latin1', at, Math.max(at, blank));
    const end = at + Number(digits);
    const equals = bytes.indexOf(0x3d, blank);
    const isWhole =
      /^\d{1,8}$/.test(digits) &&
      end <= bytes.length &&
      bytes[end - 1] === 0x0a &&
      blank < equals &&
      equals < end;
    if (!isWhole) throw new ArchiveError('a pax header is malformed: the archive is damaged');
    records.set(bytes.toString('utf8', blank + 1, equals), bytes.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** A decimal number of seconds, bytes or the like; undefined if the keyword is absent or empty. */
export function paxNumber(records: PaxRecords, keyword: string): number | undefined {
  const text = records.get(keyword)?.toString('latin1');
  if (!text) return undefined;
  const value = Number(text);
  if (!/^-?\d+(\.\d*)?$/.test(text) || !(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) {
    throw new ArchiveError(
      `the pax keyword ${keyword} is no sensible number: ${text.slice(0, 40)}`,
    );
  }
  return value;
}

/** A name or path as a byte string; undefined if the keyword is absent or empty. */
export function paxName(records: PaxRecords, keyword: string): string | undefined {
  return records.get(keyword)?.toString('latin1') || undefined;
}
