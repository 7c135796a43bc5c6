/** Hardware addresses as text: six pairs of lower-case hex digits between colons. */
import { createHash } from 'node:crypto';
import { HawserError } from '../errors.ts';
import { formatAddress } from '../ipam/address.ts';

/**
 * Canonical text of a MAC that an interface can have.
 *
 * @throws HawserError 'invalid' if it is malformed, a multicast address or all zero
 */
export function parseMac(text: string): string {
  const refuse = (why: string) =>
    new HawserError('invalid', `MAC address ${JSON.stringify(text)} ${why}`);
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) {
    throw refuse('must be six pairs of hex digits: 02:42:0a:05:00:09');
  }
  const mac = text.toLowerCase().replaceAll('-', ':');
  if (Number.parseInt(mac.slice(0, 2), 16) & 1) throw refuse('is a multicast address');
  if (mac === '00:00:00:00:00:00') throw refuse('is all zero');
  return mac;
}

/**
 * The MAC of an endpoint from its address, so that it is the same after a restart and neighbours'
 * caches stay right: `02:42:` and the four bytes of IPv4, as Docker does; hashed for IPv6.
 */
export function macOfAddress(address: string): string {
  const octets = address.split('.').map(Number);
  return octets.length === 4 ? local(Buffer.from(octets)) : macOfSeed(address);
}

/** A locally administered MAC that the seed determines. */
export function macOfSeed(seed: string): string {
  return local(createHash('sha256').update(seed).digest().subarray(0, 4));
}

/** 0x02 in the first byte is the bit of locally administered addresses (IEEE 802, 8.2.2). */
function local(tail: Buffer): string {
  return ['02', '42', ...Array.from(tail, (byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

/** The link-local IPv6 address that an interface gives itself: RFC 4291, appendix A. */
export function linkLocalOf(mac: string): string {
  const [first = 0, ...rest] = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const identifier = [first ^ 2, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)];
  const value = identifier.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return formatAddress({ family: 6, value: (0xfe80n << 112n) | value });
}
