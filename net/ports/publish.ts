/** Host ports for an endpoint: those asked for, or free ones, held against everybody else. */
import { HawserError } from '../../errors.ts';
import { boundPorts } from '../../native/bound-ports.ts';
import { holder, tryBind } from '../../native/sockets.ts';
import type { Store } from '../../store/store.ts';
import type { EndpointAddress, PortRequest, PublishedPort } from '../model.ts';
import { readSysctl } from '../settings/sysctl.ts';
import { heldByEndpoint, holdPorts, type PortHolder, type Refusal, type Span } from './held.ts';
import { hostIpsOf } from './host-addresses.ts';
import { bracketed, formatPort } from './parse.ts';

/**
 * Reserves host ports for an endpoint with these addresses, choosing those that the requests leave
 * open: the same number on each address that a request stands for.
 *
 * @throws HawserError 'taken' naming who holds a port, 'exhausted', or 'invalid' for an address
 *   that is not the host's or not of the endpoint's family
 */
export function reservePorts(
  store: Store,
  by: PortHolder,
  requests: readonly PortRequest[],
  addresses: readonly EndpointAddress[],
): PublishedPort[] {
  return requests.flatMap((request) => {
    const hostIps = hostIpsOf(request, addresses);
    const ports = choose(store, by, request, hostIps);
    for (const port of ports) holdPorts(store, by, port);
    return ports;
  });
}

/** The request's ports on each of its addresses, all of them free. */
function choose(
  store: Store,
  by: PortHolder,
  request: PortRequest,
  hostIps: readonly string[],
): PublishedPort[] {
  const { hostPort: wanted, hostPortLast: last } = request;
  if (wanted === undefined || last !== undefined) return firstFree(store, by, request, hostIps);
  const ports = placed(request, hostIps, wanted);
  const refusal = refusalOf(store, by, ports);
  if (refusal === undefined) return ports;
  throw new HawserError(refusal.code, `publish ${formatPort(request)}: ${refusal.why}`);
}

/** The first free run from `hostPort` to `hostPortLast`, or in the ephemeral range, from a random place on. */
function firstFree(
  store: Store,
  by: PortHolder,
  request: PortRequest,
  hostIps: readonly string[],
): PublishedPort[] {
  const { hostPort: first, hostPortLast: last, count } = request;
  const [low, high] = first === undefined || last === undefined ? ephemeralRange() : [first, last];
  const start = first === undefined ? randomIn(low, high) : low;
  for (const [from, to] of [
    [start, high],
    [low, start - 1],
  ] as const) {
    for (let hostPort = from; hostPort + count - 1 <= to; ) {
      const ports = placed(request, hostIps, hostPort);
      const refusal = refusalOf(store, by, ports);
      if (refusal === undefined) return ports;
      if (refusal.resume > high) {
        if (refusal.code === 'taken') break;
        throw new HawserError(refusal.code, `publish ${formatPort(request)}: ${refusal.why}`);
      }
      hostPort = refusal.resume;
    }
  }
  const wanted = count === 1 ? 'no port' : `no ${count} ports in a row`;
  throw new HawserError(
    'exhausted',
    `publish ${formatPort(request)}: ${wanted} from ${low} to ${high} is free`,
  );
}

function placed(
  { protocol, containerPort, count }: PortRequest,
  hostIps: readonly string[],
  hostPort: number,
): PublishedPort[] {
  return hostIps.map((hostIp) => ({ protocol, hostIp, hostPort, containerPort, count }));
}

/** What speaks against the first of these spans that cannot be had. */
function refusalOf(store: Store, by: PortHolder, spans: readonly Span[]): Refusal | undefined {
  for (const span of spans) {
    const refusal = pastTheEnd(span) ?? heldByEndpoint(store, by, span) ?? heldByProgram(span);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function pastTheEnd({ hostPort, count }: Span): Refusal | undefined {
  if (hostPort + count - 1 <= 65535) return undefined;
  const why = 'the range goes past port 65535';
  return { code: 'invalid', why, resume: Number.POSITIVE_INFINITY };
}

/** Another program's socket: ours would take its traffic away, so it counts as held. */
function heldByProgram(span: Span): Refusal | undefined {
  const { protocol, hostIp } = span;
  for (const port of suspects(span)) {
    const outcome = tryBind(protocol, hostIp, port);
    if (outcome === 'free') continue;
    if (outcome.code === 'EADDRNOTAVAIL') {
      const why = `${bracketed(hostIp)} is not an address of this host`;
      return { code: 'invalid', why, resume: Number.POSITIVE_INFINITY };
    }
    if (outcome.code !== 'EADDRINUSE') {
      return { code: 'kernel', why: outcome.message, resume: Number.POSITIVE_INFINITY };
    }
    const program = holder(protocol, hostIp, port);
    const by =
      program === undefined ? 'another program' : `${program.command} (pid ${program.pid})`;
    return { code: 'taken', why: `${protocol} port ${port} is in use by ${by}`, resume: port + 1 };
  }
  return undefined;
}

/** The ports to try: of a long range the first, and those that a socket is known to have. */
function suspects({ protocol, hostPort, count }: Span): number[] {
  const all = Array.from({ length: count }, (_, i) => hostPort + i);
  const bound = count > FEW ? boundPorts(protocol) : undefined;
  return bound === undefined ? all : all.filter((port) => port === hostPort || bound.has(port));
}

/** A list of all sockets costs as much as so many trials. */
const FEW = 8;

/** A random start makes it unlikely that a port just let go leads a late client to a stranger. */
function randomIn(low: number, high: number): number {
  return low + Math.floor(Math.random() * (high - low + 1));
}

/** ip-sysctl: ip_local_port_range, which holds for both families. */
function ephemeralRange(): [low: number, high: number] {
  const [low = 32768, high = 60999] = (readSysctl('ipv4/ip_local_port_range') ?? '')
    .split(/\s+/)
    .filter(Boolean)
    .map(Number);
  return [low, high];
}
