/** Ports of the host: who holds which, by hawser's endpoints and by other programs' sockets. */
import { HawserError } from '../errors.ts';
import { holder, tryBind } from '../native/sockets.ts';
import type { Store, Table } from '../store/store.ts';
import type { PortRequest, Protocol, PublishedPort } from './model.ts';
import { ANY_ADDRESS, formatPort } from './ports.ts';
import { readSysctl } from './sysctl.ts';

interface Held {
  /** The endpoint's key, and its owner's name for messages. */
  endpoint: string;
  owner: string;
  count: number;
}

/** A run of ports on one address of the host, or on all. */
type Span = Pick<PublishedPort, 'protocol' | 'hostIp' | 'hostPort' | 'count'>;

export interface PortHolder {
  endpoint: string;
  owner: string;
}

/**
 * Reserves host ports for an endpoint, choosing those that the requests leave open. Entries of one
 * address never overlap, so that the nearest one below decides whether a span is free.
 *
 * @throws HawserError 'taken' naming who holds a port, 'exhausted', or 'invalid' for an address
 *   that is not the host's
 */
export function reservePorts(
  store: Store,
  by: PortHolder,
  requests: readonly PortRequest[],
): PublishedPort[] {
  const table = heldPorts(store);
  return requests.map((request) => {
    const { hostPort: wanted, hostPortLast: last, ...fixed } = request;
    const port: PublishedPort =
      wanted === undefined || last !== undefined
        ? firstFree(table, fixed, wanted, last)
        : { ...fixed, hostPort: wanted };
    const refusal = refusalOf(table, port);
    if (refusal !== undefined)
      throw new HawserError(refusal.code, `publish ${formatPort(port)}: ${refusal.why}`);
    table.put(keyOf(port), { ...by, count: port.count });
    return port;
  });
}

export function releasePorts(store: Store, ports: readonly PublishedPort[]): void {
  const table = heldPorts(store);
  for (const port of ports) table.remove(keyOf(port));
}

/** Every reservation with the key of its endpoint, for reconcile. */
export function* reservations(store: Store): Iterable<{ key: string; endpoint: string }> {
  for (const [key, { endpoint }] of heldPorts(store).entries()) yield { key, endpoint };
}

export function dropReservation(store: Store, key: string): void {
  heldPorts(store).remove(key);
}

function heldPorts(store: Store): Table<Held> {
  return store.table<Held>('ports');
}

function keyOf({ protocol, hostIp, hostPort }: Span): string {
  return `${protocol}/${hostIp}/${`${hostPort}`.padStart(5, '0')}`;
}

interface Refusal {
  code: 'taken' | 'invalid' | 'kernel';
  why: string;
  /** No port below this one is worth another try. */
  resume: number;
}

function refusalOf(table: Table<Held>, span: Span): Refusal | undefined {
  if (span.hostPort + span.count - 1 > 65535) {
    return {
      code: 'invalid',
      why: 'the range goes past port 65535',
      resume: Number.POSITIVE_INFINITY,
    };
  }
  return heldByEndpoint(table, span) ?? heldByProgram(span);
}

function heldByEndpoint(table: Table<Held>, span: Span): Refusal | undefined {
  const addresses =
    span.hostIp === ANY_ADDRESS ? addressesInUse(table, span.protocol) : [span.hostIp, ANY_ADDRESS];
  const last = span.hostPort + span.count - 1;
  for (const hostIp of addresses) {
    const from = keyOf({ ...span, hostIp, hostPort: last });
    const prefix = `${span.protocol}/${hostIp}/`;
    for (const [key, held] of table.entries({ prefix, from, reverse: true, limit: 1 })) {
      const first = Number(key.slice(prefix.length));
      if (first + held.count <= span.hostPort) continue;
      const port = Math.max(first, span.hostPort);
      return {
        code: 'taken',
        why: `${span.protocol} port ${port}${hostIp === ANY_ADDRESS ? '' : ` of ${hostIp}`} is published by ${held.owner}`,
        resume: first + held.count,
      };
    }
  }
  return undefined;
}

/** The distinct addresses on which something is published: few, each found by one seek. */
function* addressesInUse(table: Table<Held>, protocol: Protocol): Iterable<string> {
  let from = `${protocol}/`;
  for (;;) {
    const [next] = table.entries({ prefix: `${protocol}/`, from, limit: 1 });
    const address = next?.[0].split('/')[1];
    if (address === undefined) return;
    yield address;
    from = `${protocol}/${address}/:`; // `:` is the byte after `9`
  }
}

/** Another program's socket: ours would take its traffic away, so it counts as held. */
function heldByProgram(span: Span): Refusal | undefined {
  for (let port = span.hostPort; port < span.hostPort + span.count; port++) {
    const outcome = tryBind(span.protocol, span.hostIp, port);
    if (outcome === 'free') continue;
    if (outcome.code === 'EADDRNOTAVAIL') {
      return {
        code: 'invalid',
        why: `${span.hostIp} is not an address of this host`,
        resume: Number.POSITIVE_INFINITY,
      };
    }
    if (outcome.code !== 'EADDRINUSE') {
      return { code: 'kernel', why: outcome.message, resume: Number.POSITIVE_INFINITY };
    }
    const program = holder(span.protocol, span.hostIp, port);
    const by =
      program === undefined ? 'another program' : `${program.command} (pid ${program.pid})`;
    return {
      code: 'taken',
      why: `${span.protocol} port ${port} is in use by ${by}`,
      resume: port + 1,
    };
  }
  return undefined;
}

/** The first free span from `first` to `last`, or in the ephemeral range, after the one given last. */
function firstFree(
  table: Table<Held>,
  request: Omit<PortRequest, 'hostPort' | 'hostPortLast'>,
  first: number | undefined,
  last: number | undefined,
): PublishedPort {
  const [low, high] = first === undefined || last === undefined ? ephemeralRange() : [first, last];
  const start = first === undefined ? randomIn(low, high) : low;
  for (const [from, to] of [
    [start, high],
    [low, start - 1],
  ] as const) {
    for (let hostPort = from; hostPort + request.count - 1 <= to; ) {
      const port = { ...request, hostPort };
      const refusal = refusalOf(table, port);
      if (refusal === undefined) return port;
      if (refusal.resume > high) {
        if (refusal.code === 'taken') break;
        throw new HawserError(refusal.code, `publish ${formatPort(request)}: ${refusal.why}`);
      }
      hostPort = refusal.resume;
    }
  }
  const wanted = request.count === 1 ? 'no port' : `no ${request.count} ports in a row`;
  throw new HawserError(
    'exhausted',
    `publish ${formatPort(request)}: ${wanted} from ${low} to ${high} is free`,
  );
}

/** A random start makes it unlikely that a port just let go leads a late client to a stranger. */
function randomIn(low: number, high: number): number {
  return low + Math.floor(Math.random() * (high - low + 1));
}

/** ip-sysctl: ip_local_port_range. */
function ephemeralRange(): [low: number, high: number] {
  const [low = 32768, high = 60999] = (readSysctl('ipv4/ip_local_port_range') ?? '')
    .split(/\s+/)
    .filter(Boolean)
    .map(Number);
  return [low, high];
}
