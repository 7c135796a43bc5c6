/** Attaching what is attached already: the same again is success, something else is refused. */
import { isDeepStrictEqual } from 'node:util';
import { HawserError } from '../errors.ts';
import { formatAddress, parseAddress } from '../ipam/address.ts';
import { Rtnetlink } from '../native/rtnetlink/rtnetlink.ts';
import type { NetContext } from './context.ts';
import { letGo } from './detach.ts';
import { parseMac } from './mac.ts';
import type { Endpoint, Network, PortRequest, PublishedPort } from './model.ts';
import { hostIpsOf } from './ports/host-addresses.ts';
import type { AttachRequest } from './request.ts';
import type { Settled } from './settings/endpoint-settings.ts';

/**
 * The endpoint that is there already, if it is what is asked for. One whose link is gone (its
 * namespace was ended and made anew under the same name) is let go first.
 *
 * @throws HawserError 'taken' if it differs from the request
 */
export function present(
  context: NetContext,
  network: Network,
  request: Settled<AttachRequest>,
  rtnl: Rtnetlink,
): Endpoint | undefined {
  const { sandbox, ifname } = request;
  const own = context.records.endpoints({ sandbox: sandbox.id });
  const found = own.find((one) => one.network === network.id || one.ifname === ifname);
  if (found === undefined) return undefined;
  if (!isThere(found, request, rtnl)) {
    letGo(context, found, rtnl);
    return undefined;
  }
  if (found.network !== network.id) {
    const other = context.records.network(found.network)?.name ?? found.network;
    throw new HawserError('taken', `its ${found.ifname} is attached to ${other} already`);
  }
  if (isAsRequested(found, request)) return found;
  throw new HawserError(
    'taken',
    `it is attached to it already, as ${found.ifname} with other settings`,
  );
}

function isThere(
  found: Endpoint,
  { sandbox }: Pick<AttachRequest, 'sandbox'>,
  rtnl: Rtnetlink,
): boolean {
  if (found.hostIfname !== undefined && rtnl.link(found.hostIfname) === undefined) return false;
  using inside = Rtnetlink.open(sandbox.path);
  return inside.link(found.ifname)?.mac === found.mac;
}

/** What a request leaves open is as it is. */
function isAsRequested(found: Endpoint, request: Settled<AttachRequest>): boolean {
  const {
    shaping = found.shaping,
    ifname = found.ifname,
    mac = found.mac,
    mtu = found.mtu,
    ip,
    ip6,
    ports = [],
  } = request;
  const has = (wanted: string | undefined) =>
    wanted === undefined ||
    found.addresses.some(({ address }) => address === formatAddress(parseAddress(wanted)));
  return (
    ifname === found.ifname &&
    parseMac(mac) === found.mac &&
    isDeepStrictEqual(shaping, found.shaping) &&
    has(ip) &&
    has(ip6) &&
    mtu === found.mtu &&
    (request.gwPriority ?? 0) === (found.gwPriority ?? 0) &&
    isDeepStrictEqual(request.sysctls ?? {}, found.sysctls ?? {}) &&
    isDeepStrictEqual(request.routes ?? [], found.routes ?? []) &&
    areSamePorts(ports, found)
  );
}

function areSamePorts(wanted: readonly PortRequest[], { ports, addresses }: Endpoint): boolean {
  const each = wanted.flatMap((request) =>
    hostIpsOf(request, addresses).map((hostIp) => ({ ...request, hostIp })),
  );
  return each.length === ports.length && each.every((port, i) => isSamePort(port, ports[i]));
}

function isSamePort(wanted: PortRequest, held: PublishedPort | undefined): boolean {
  if (held === undefined) return false;
  const { protocol, hostIp, containerPort, count, hostPort, hostPortLast = hostPort } = wanted;
  const isInside =
    hostPort === undefined ||
    (hostPort <= held.hostPort && held.hostPort <= (hostPortLast ?? hostPort));
  return (
    isInside &&
    protocol === held.protocol &&
    hostIp === held.hostIp &&
    containerPort === held.containerPort &&
    count === held.count
  );
}
