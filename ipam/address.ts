import { HawserError } from '../errors.ts';

export type Family = 4 | 6;

/** An IP address as a number, so that arithmetic is the same for 32 and for 128 bits. */
export interface Address {
  family: Family;
  value: bigint;
}

/** How long an address of the family is, in bits. */
export const BITS: Record<Family, number> = { 4: 32, 6: 128 };

/**
 * Reads an address as inet_pton(3) does: four decimal numbers without leading zeros (which other
 * programs read as octal), or RFC 4291's hexadecimal groups, `::` once, the last 32 bits dotted.
 * A zone (`fe80::1%eth0`) is not part of an address.
 * @throws HawserError 'invalid'
 */
export function parseAddress(text: string): Address {
  const address = text.includes(':') ? parseV6(text) : parseV4(text);
  if (address === undefined) {
    throw new HawserError('invalid', `${JSON.stringify(text)} is not an IP address`);
  }
  return address;
}

/** Canonical text: RFC 5952 for IPv6 (lower case, the longest run of zero groups as `::`). */
export function formatAddress({ family, value }: Address): string {
  return family === 4 ? formatV4(value) : formatV6(value);
}

const OCTET = /^(0|[1-9][0-9]{0,2})$/;
const GROUP = /^[0-9a-f]{1,4}$/i;

function parseV4(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!OCTET.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return { family: 4, value };
}

function parseV6(text: string): Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // `::` stands for one group of zeros or more; without it nothing may be missing.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const all = [...head, ...Array<bigint>(missing).fill(0n), ...tail];
  return { family: 6, value: all.reduce((value, group) => (value << 16n) | group, 0n) };
}

/** The 16-bit groups of one side of `::`; only what ends the address may end in dotted decimal. */
function groups(text: string, endsAddress: boolean): bigint[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const values: bigint[] = [];
  for (const [index, part] of parts.entries()) {
    if (GROUP.test(part)) {
      values.push(BigInt(`0x${part}`));
    } else {
      const dotted = endsAddress && index === parts.length - 1 ? parseV4(part) : undefined;
      if (dotted === undefined) return undefined;
      values.push(dotted.value >> 16n, dotted.value & 0xffffn);
    }
  }
  return values;
}

function formatV4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
}

function formatV6(value: bigint): string {
  // RFC 5952, 5: an address that carries an IPv4 one by a well-known prefix shows it.
  if (value >> 32n === 0xffffn) return `::ffff:${formatV4(value & 0xffff_ffffn)}`;
  const words = Array.from({ length: 8 }, (_, i) => (value >> BigInt(112 - 16 * i)) & 0xffffn);
  const { start, length } = longestZeroRun(words);
  const text = (part: bigint[]) => part.map((word) => word.toString(16)).join(':');
  if (length < 2) return text(words);
  return `${text(words.slice(0, start))}::${text(words.slice(start + length))}`;
}

/** The first of the longest runs of zero words. */
function longestZeroRun(words: bigint[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, word] of words.entries()) {
    length = word === 0n ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  }
  return best;
}
