/** Routes: RTM_NEWROUTE and its family (rtnetlink(7), ip-route(8)). */
import type { RouteAttrs, Route as RouteHeader } from 'netlink/dist/rt/gen_structs.js';
import { AF_INET, AF_INET6, addressBytes, addressText, familyOf } from '../address-text.ts';
import { rt } from './codec.ts';
import type { LinkRef } from './link.ts';
import {
  encode,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  only,
  type Reply,
  type Request,
} from './message.ts';

export interface Route {
  family: 4 | 6;
  /** `10.5.0.0/24`, or `default`. */
  destination: string;
  gateway: string | undefined;
  /** The index of the interface it leaves by; of a route with several ways, the first one's. */
  link: number | undefined;
  metric: number;
  /** 254 is the main table, 255 the local one. */
  table: number;
  /** `UNICAST`, `LOCAL`, `BLACKHOLE`, ... */
  type: string;
  /** Who made it: `KERNEL`, `STATIC`, `BOOT`, `DHCP`, ... */
  protocol: string;
  /** The preferred source address. */
  source: string | undefined;
}

export interface NewRoute {
  /** `10.5.0.0/24`, one address, or `default`. */
  destination: string;
  gateway?: string;
  /** The interface it leaves by. */
  link?: LinkRef;
  metric?: number;
  table?: number;
  /** Believe that the gateway is reachable over `link`, whatever the addresses there say. */
  onlink?: boolean;
  source?: string;
  /** Needed only for a `default` without a gateway; else the addresses tell. */
  family?: 4 | 6;
  /** `LOCAL`: the host itself; the last three refuse packets instead of forwarding them. */
  type?: 'UNICAST' | 'LOCAL' | 'BLACKHOLE' | 'UNREACHABLE' | 'PROHIBIT';
  /** Take the place of a route that is already there, instead of failing with EEXIST. */
  replace?: boolean;
  /** IPv6: stand beside routes of the same destination and metric over other interfaces. */
  beside?: boolean;
}

export const MAIN_TABLE = 254;
const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;
const HEADER_LENGTH = 12;
const NEXTHOP_LENGTH = 8;
/** RTA_DST, OIF, GATEWAY, PRIORITY, PREFSRC, MULTIPATH, TABLE */
const KNOWN = new Set([1, 4, 5, 6, 7, 9, 15]);

export function decodeRoute({ payload }: Reply): Route {
  const header = rt().parseRoute(payload.subarray(0, HEADER_LENGTH));
  const attrs = rt().parseRouteAttrs(only(payload.subarray(HEADER_LENGTH), KNOWN));
  const way = attrs.multipath ? firstWay(attrs.multipath) : attrs;
  const { RouteType, RouteProtocol } = rt();
  return {
    family: header.family === AF_INET6 ? 6 : 4,
    destination: attrs.dst ? `${addressText(attrs.dst)}/${header.dstLen}` : 'default',
    gateway: way.gateway && addressText(way.gateway),
    link: way.oif,
    metric: attrs.priority ?? 0,
    table: attrs.table ?? header.table ?? 0,
    type: nameOf(RouteType, header.type),
    protocol: nameOf(RouteProtocol, header.protocol),
    source: attrs.prefsrc && addressText(attrs.prefsrc),
  };
}

export function getRoutes(filter: { family?: 4 | 6; table?: number }): Request {
  const header = rt().formatRoute({ family: filter.family ? familyNumber(filter.family) : 0 });
  const attrs = filter.table === undefined ? {} : { table: filter.table };
  return {
    type: RTM_GETROUTE,
    flags: 0,
    payload: encode(header, rt().formatRouteAttrs(attrs)),
    attempt: 'list the routes',
  };
}

export function newRoute(spec: NewRoute, link: number | undefined): Request {
  const alone = spec.beside ? 0 : NLM_F_EXCL;
  const flags = NLM_F_CREATE | (spec.replace ? NLM_F_REPLACE : alone);
  return message(RTM_NEWROUTE, flags, `add the route ${routeText(spec)}`, spec, link);
}

export function deleteRoute(spec: NewRoute, link: number | undefined): Request {
  return message(RTM_DELROUTE, 0, `remove the route ${routeText(spec)}`, spec, link);
}

function message(
  type: number,
  flags: number,
  attempt: string,
  spec: NewRoute,
  link: number | undefined,
): Request {
  const { destination, gateway, metric, table = MAIN_TABLE, source } = spec;
  const [address = '', length] = destination.split('/');
  const attrs: RouteAttrs = { table };
  let dstLen = 0;
  if (destination !== 'default') {
    attrs.dst = addressBytes(address);
    dstLen = length === undefined ? attrs.dst.length * 8 : Number(length);
  }
  if (gateway !== undefined) attrs.gateway = addressBytes(gateway);
  if (link !== undefined) attrs.oif = link;
  if (metric !== undefined) attrs.priority = metric;
  if (source !== undefined) attrs.prefsrc = addressBytes(source);
  const header = rt().formatRoute({
    ...(type === RTM_NEWROUTE ? nature(spec) : { scope: 'NOWHERE' }),
    family: routeFamily(spec),
    dstLen,
    table: table < 256 ? table : 0,
    flags: spec.onlink ? { __unknown: RTNH_F_ONLINK } : {},
  });
  return { type, flags, attempt, payload: encode(header, rt().formatRouteAttrs(attrs)) };
}

/** What a new route must say, and a removal leaves open, so that it matches anything. */
function nature({ gateway, type = 'UNICAST' }: NewRoute): RouteHeader {
  return { protocol: 'STATIC', scope: gateway === undefined ? 'LINK' : 'UNIVERSE', type };
}

/** <linux/rtnetlink.h>: a nexthop's flag, which a route of one way carries in its own flags. */
const RTNH_F_ONLINK = 4;

function routeFamily({ destination, gateway, family }: NewRoute): number {
  if (destination !== 'default') return familyOf(destination);
  if (gateway !== undefined) return familyOf(gateway);
  return familyNumber(family ?? 4);
}

function firstWay(multipath: Buffer): RouteAttrs {
  const { len = 0, ifindex } = rt().parseRouteNextHop(multipath.subarray(0, NEXTHOP_LENGTH));
  const attrs = rt().parseRouteAttrs(only(multipath.subarray(NEXTHOP_LENGTH, len), KNOWN));
  return ifindex === undefined ? attrs : { ...attrs, oif: ifindex };
}

function routeText({ destination, gateway }: NewRoute): string {
  return gateway === undefined ? destination : `${destination} via ${gateway}`;
}

function familyNumber(family: 4 | 6): number {
  return family === 4 ? AF_INET : AF_INET6;
}

function nameOf(names: Record<number, string>, value: number | string | undefined): string {
  return typeof value === 'number' ? (names[value] ?? String(value)) : (value ?? '');
}
