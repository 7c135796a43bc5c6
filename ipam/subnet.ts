import { createRequire } from 'node:module';
import { HawserError } from '../errors.ts';
import { type Address, BITS, type Family, formatAddress, parseAddress } from './address.ts';

/** A block of addresses with a common prefix; `first` and `last` are the whole block's. */
export interface Subnet {
  family: Family;
  prefix: number;
  first: bigint;
  last: bigint;
}

/** An interval of addresses, both ends included. */
export interface Interval {
  first: bigint;
  last: bigint;
}

/**
 * Reads a subnet that a person or a program wrote. The ip-cidr package judges the text and computes
 * the block; what it reads more kindly than the kernel does is refused here: a zone, an IPv4 tail
 * (which it takes for an IPv4 subnet), and bits behind the prefix.
 * @throws HawserError 'invalid', naming the text
 */
export function parseSubnet(text: string): Subnet {
  const IPCIDR = ipCidr();
  if (!IPCIDR.isValidCIDR(text) || /%|:.*\./.test(text)) {
    throw new HawserError('invalid', `${JSON.stringify(text)} is not a subnet`, {
      hint: 'write it as 10.5.0.0/24 or fd00:5::/64',
    });
  }
  const block = new IPCIDR(text);
  const subnet: Subnet = {
    family: text.includes(':') ? 6 : 4,
    prefix: block.address.subnetMask,
    first: block.start<bigint>({ type: 'bigInteger' }),
    last: block.end<bigint>({ type: 'bigInteger' }),
  };
  const written = parseAddress(text.slice(0, text.indexOf('/')));
  if (written.value !== subnet.first) {
    throw new HawserError(
      'invalid',
      `${text} has bits set behind its prefix; the subnet is ${formatSubnet(subnet)}`,
    );
  }
  return subnet;
}

const PREFIX = /^(0|[1-9][0-9]{0,2})$/;

/**
 * The block of an address with a prefix length, as hawser and the kernel write it (`10.5.0.9/24` is
 * the block 10.5.0.0/24). For text that is known to be right, on paths where time counts.
 * @throws HawserError 'invalid'
 */
export function subnetOf(text: string): Subnet {
  const [host = '', length, ...rest] = text.split('/');
  const address = parseAddress(host);
  const bits = BITS[address.family];
  const prefix = length === undefined ? bits : PREFIX.test(length) ? Number(length) : Number.NaN;
  if (rest.length > 0 || !(prefix <= bits)) {
    throw new HawserError('invalid', `${JSON.stringify(text)} is not a subnet`);
  }
  const size = 1n << BigInt(bits - prefix);
  const first = address.value - (address.value % size);
  return { family: address.family, prefix, first, last: first + size - 1n };
}

export function formatSubnet({ family, prefix, first }: Subnet): string {
  return `${formatAddress({ family, value: first })}/${prefix}`;
}

export function contains(subnet: Subnet, { family, value }: Address): boolean {
  return family === subnet.family && subnet.first <= value && value <= subnet.last;
}

/** Whether all of `inner` lies in `outer`. */
export function covers(outer: Subnet, inner: Subnet): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

/** Whether two subnets, given as text, have an address in common. */
export function overlaps(a: string, b: string): boolean {
  const [one, other] = [subnetOf(a), subnetOf(b)];
  return one.family === other.family && one.first <= other.last && other.first <= one.last;
}

/**
 * The addresses that a host may have. IPv4 sets the network and the broadcast address apart, except
 * on point-to-point links (/31, RFC 3021) and for a single host (/32). IPv6 has no broadcast; the
 * first address is the routers' anycast address (RFC 4291, 2.6.1), except on /127 (RFC 6164), /128.
 */
export function hostAddresses({ family, prefix, first, last }: Subnet): Interval {
  if (BITS[family] - prefix <= 1) return { first, last };
  return { first: first + 1n, last: family === 4 ? last - 1n : last };
}

/** The addresses that two intervals share; empty (`first` above `last`) if there are none. */
export function intersect(a: Interval, b: Interval): Interval {
  return { first: later(a.first, b.first), last: earlier(a.last, b.last) };
}

/** Math.max and Math.min do not take bigint. */
export function later(a: bigint, b: bigint): bigint {
  return a < b ? b : a;
}

function earlier(a: bigint, b: bigint): bigint {
  return b < a ? b : a;
}

/** ip-cidr and what it brings take 20 ms to load: only who reads a new subnet pays for them. */
function ipCidr(): typeof import('ip-cidr').default {
  return createRequire(import.meta.url)('ip-cidr').default;
}
