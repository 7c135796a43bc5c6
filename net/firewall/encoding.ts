/**
 * Elements as the kernel compares them: each part of a concatenation in its type's bytes, padded to
 * four (`netlink_gen_concat_data` of nft; the registers of nf_tables are 32 bits wide).
 */
import { addressBytes, macBytes } from '../../native/address-text.ts';
import type { SetElement } from '../../native/set-elements.ts';
import { type Element, entryText } from './elements.ts';
import { familyOf, TABLES } from './tables.ts';

/** From the first value to the last that a part of a key means; one value is both. */
type Interval = [first: Buffer, last: Buffer];

/** How a set's keys and data are written; read off its declaration in the skeleton. */
interface SetType {
  key: string[];
  data: string[];
  intervals: boolean;
}

const WRITERS: Record<string, (text: string) => Buffer | undefined> = {
  inet_proto: (text) =>
    ({ tcp: Buffer.from([6]), udp: Buffer.from([17]) })[text] ??
    (/^\d{1,3}$/.test(text) ? Buffer.from([Number(text)]) : undefined),
  inet_service: (text) => unsigned16(text),
  ipv4_addr: addressBytes,
  ipv6_addr: addressBytes,
  ether_addr: macBytes,
  ifname: (text) => name(text),
  // What `typeof` says of a set whose keys nft has no type for.
  iifname: (text) => name(text),
  '@th,64,128': (text) => number(text, 128),
  '@th,208,48': (text) => number(text, 48),
};

/**
 * The element in bytes; undefined if its set, or what is in it, is not of a kind that this knows:
 * nft's own language can say all of it.
 */
export function encoded(element: Element): SetElement | undefined {
  const type = types().get(element.set);
  if (type === undefined || type.key.length !== element.key.length) return undefined;
  // nft splits an interval of one part in two elements, and joins it with its neighbours.
  if (type.intervals && type.key.length === 1) return undefined;
  const key = join(type.key, element.key);
  const data = join(type.data, element.data ?? []);
  if (key === undefined || data === undefined) return undefined;
  return {
    family: familyOf(element.set),
    set: element.set,
    key: key[0],
    ...(type.intervals && { keyEnd: key[1] }),
    ...(type.data.length > 0 && { data: data[0] }),
  };
}

/** What tells elements apart, however their parts are written. */
export function identity(element: Element): string {
  const bytes = encoded(element);
  if (bytes === undefined) return `${element.set} ${entryText(element).replaceAll('"', '')}`;
  const { set, key, keyEnd, data } = bytes;
  return [set, ...[key, keyEnd, data].map((part) => part?.toString('hex') ?? '')].join(' ');
}

let read: Map<string, SetType> | undefined;

function types(): Map<string, SetType> {
  read ??= new Map(
    Array.from(
      TABLES.map(({ skeleton }) => skeleton)
        .join('')
        .matchAll(/^ +(?:set|map) (\w+) \{ type(?:of)? ([^:;]+)(?:: ([^;]+))?;(.*)\}$/gm),
      ([, set = '', key = '', data, flags = '']) => [
        set,
        {
          key: key.trim().split(' . '),
          data: data === undefined ? [] : data.trim().split(' . '),
          intervals: flags.includes('interval'),
        },
      ],
    ),
  );
  return read;
}

function join(types: string[], texts: string[]): Interval | undefined {
  const parts = types.map((type, i) => part(type, texts[i] ?? ''));
  if (!parts.every((one) => one !== undefined)) return undefined;
  const side = (i: 0 | 1) =>
    parts.length === 1
      ? (parts[0]?.[i] ?? Buffer.alloc(0))
      : Buffer.concat(parts.map((one) => padded(one[i])));
  return [side(0), side(1)];
}

function part(type: string, text: string): Interval | undefined {
  const write = WRITERS[type];
  if (write === undefined) return undefined;
  const [address = '', length] = text.split('/');
  if (length !== undefined) return prefixed(addressBytes(address), Number(length));
  // Names of interfaces may have a hyphen in them.
  const [from = '', to = from] =
    type.startsWith('i') && !type.endsWith('ifname') ? text.split('-') : [text];
  const [first, last] = [write(from), write(to)];
  return first && last && [first, last];
}

/** All addresses that share the first bits. */
function prefixed(address: Buffer, bits: number): Interval {
  const last = Buffer.from(address);
  for (let bit = bits; bit < address.length * 8; bit++) {
    const byte = bit >> 3;
    last[byte] = (last[byte] ?? 0) | (0x80 >> (bit & 7));
  }
  return [address, last];
}

function unsigned16(text: string): Buffer | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(Number(text));
  return bytes;
}

/** With the most significant byte first. */
function number(text: string, bits: number): Buffer | undefined {
  if (!/^(0x[0-9a-f]+|\d+)$/.test(text)) return undefined;
  return Buffer.from(
    BigInt(text)
      .toString(16)
      .padStart(bits / 4, '0'),
    'hex',
  );
}

/** IFNAMSIZ bytes; a wildcard is not a name. Quotes are nft's notation, which it omits in JSON. */
function name(text: string): Buffer | undefined {
  const [, plain] = /^"?([^"*]{1,15})"?$/.exec(text) ?? [];
  if (plain === undefined) return undefined;
  const bytes = Buffer.alloc(16);
  bytes.write(plain);
  return bytes;
}

function padded(bytes: Buffer): Buffer {
  const gap = -bytes.length & 3;
  return gap === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(gap)]);
}
