/** What the kernel holds of our table, read from nft's JSON (libnftables-json(5)). */
import type { Element } from './elements.ts';

export interface Listing {
  /** Each chain with its rules' comments, in order. */
  chains: Map<string, string[]>;
  sets: Map<string, 'set' | 'map'>;
  elements: Element[];
}

/** Reads the answer to `list table`; parts that it does not know are passed over. */
export function parseListing(document: unknown): Listing {
  const listing: Listing = { chains: new Map(), sets: new Map(), elements: [] };
  for (const item of asArray(field(document, 'nftables'))) {
    const chain = field(item, 'chain');
    if (chain !== undefined) listing.chains.set(String(field(chain, 'name')), []);
    const rule = field(item, 'rule');
    if (rule !== undefined) {
      listing.chains.get(String(field(rule, 'chain')))?.push(String(field(rule, 'comment') ?? ''));
    }
    for (const kind of ['set', 'map'] as const) {
      const set = field(item, kind);
      if (set === undefined) continue;
      const name = String(field(set, 'name'));
      listing.sets.set(name, kind);
      for (const entry of asArray(field(set, 'elem'))) {
        listing.elements.push(parseElement(name, kind, entry));
      }
    }
  }
  return listing;
}

function parseElement(set: string, kind: 'set' | 'map', entry: unknown): Element {
  if (kind === 'set') return { set, key: parts(entry) };
  const [key, data] = asArray(entry);
  const [protocol = '', ...rest] = parts(key);
  return { set, key: [PROTOCOLS[protocol] ?? protocol, ...rest], data: parts(data) };
}

/** A map of ports begins with a protocol, which is listed as IANA's number for it. */
const PROTOCOLS: Record<string, string> = { 6: 'tcp', 17: 'udp' };

function parts(value: unknown): string[] {
  const concat = field(value, 'concat');
  return concat === undefined ? [part(value)] : asArray(concat).map(part);
}

function part(value: unknown): string {
  const prefix = field(value, 'prefix');
  if (prefix !== undefined) return `${field(prefix, 'addr')}/${field(prefix, 'len')}`;
  const range = field(value, 'range');
  return range === undefined ? String(value) : asArray(range).join('-');
}

/** One field of what may be an object. */
export function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

export function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
