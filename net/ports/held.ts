/** The table of published ports: who holds which, so that no two endpoints hold the same. */
import { isIPv4 } from 'node:net';
import type { Store, Table } from '../../store/store.ts';
import type { Protocol, PublishedPort } from '../model.ts';
import { anyOf, isAny } from './host-addresses.ts';
import { bracketed } from './parse.ts';

export interface PortHolder {
  /** The endpoint's key. */
  endpoint: string;
  /** For messages: the container's name. */
  owner: string;
}

/** A run of ports on one address of the host, or on all of a family. */
export type Span = Pick<PublishedPort, 'protocol' | 'hostIp' | 'hostPort' | 'count'>;

interface Held extends PortHolder {
  count: number;
}

/** Why a span cannot be had. */
export interface Refusal {
  code: 'taken' | 'invalid' | 'kernel';
  why: string;
  /** No port below this one is worth another try. */
  resume: number;
}

export function holdPorts(store: Store, by: PortHolder, span: Span): void {
  heldPorts(store).put(keyOf(span), { ...by, count: span.count });
}

export function releasePorts(store: Store, spans: readonly Span[]): void {
  const table = heldPorts(store);
  for (const span of spans) table.remove(keyOf(span));
}

/** Every reservation with the key of its endpoint, for reconcile. */
export function* reservations(store: Store): Iterable<{ key: string; endpoint: string }> {
  for (const [key, { endpoint }] of heldPorts(store).entries()) yield { key, endpoint };
}

export function dropReservation(store: Store, key: string): void {
  heldPorts(store).remove(key);
}

/**
 * The endpoint that a span is in conflict with: one that holds a port of it on the same address, or
 * on all of the family; for a span on all addresses, on any of them. Entries of one address never
 * overlap, so that the nearest one below decides.
 */
export function heldByEndpoint(store: Store, by: PortHolder, span: Span): Refusal | undefined {
  const table = heldPorts(store);
  const { protocol, hostIp, hostPort, count } = span;
  const addresses = isAny(hostIp) ? addressesInUse(table, span) : [hostIp, anyOf(hostIp)];
  const last = hostPort + count - 1;
  for (const address of addresses) {
    const from = keyOf({ ...span, hostIp: address, hostPort: last });
    const prefix = `${protocol}/${address}/`;
    for (const [key, held] of table.entries({ prefix, from, reverse: true, limit: 1 })) {
      const first = Number(key.slice(prefix.length));
      if (first + held.count <= hostPort) continue;
      const where = isAny(address) ? '' : ` of ${bracketed(address)}`;
      const holder = held.endpoint === by.endpoint ? 'the same container already' : held.owner;
      return {
        code: 'taken',
        why: `${protocol} port ${Math.max(first, hostPort)}${where} is published by ${holder}`,
        resume: first + held.count,
      };
    }
  }
  return undefined;
}

/** The distinct addresses of a span's family with something published: few, each found by one seek. */
function* addressesInUse(table: Table<Held>, { protocol, hostIp }: Span): Iterable<string> {
  for (const address of everyAddress(table, protocol)) {
    if (isIPv4(address) === isIPv4(hostIp)) yield address;
  }
}

function* everyAddress(table: Table<Held>, protocol: Protocol): Iterable<string> {
  let from = `${protocol}/`;
  for (;;) {
    const [next] = table.entries({ prefix: `${protocol}/`, from, limit: 1 });
    const address = next?.[0].split('/')[1];
    if (address === undefined) return;
    yield address;
    from = `${protocol}/${address}/:`; // `:` is the byte after `9`
  }
}

function heldPorts(store: Store): Table<Held> {
  return store.table<Held>('ports');
}

function keyOf({ protocol, hostIp, hostPort }: Pick<Span, 'protocol' | 'hostIp' | 'hostPort'>) {
  return `${protocol}/${hostIp}/${`${hostPort}`.padStart(5, '0')}`;
}
