/**
 * By which of its networks a sandbox sends what is for elsewhere: one default route a family, which
 * moves at once when networks come and go.
 */
import { isIPv4 } from 'node:net';
import type { Family } from '../../ipam/address.ts';
import { MAIN_TABLE, type Route } from '../../native/rtnetlink/route.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import type { Endpoint } from '../model.ts';
import type { Records } from '../records.ts';
import type { Difference } from '../repair/difference.ts';

export interface WayOut {
  ifname: string;
  gateway: string;
}

/** A sandbox's endpoints, and those of them that are about to go. */
export interface Crew {
  staying: readonly Endpoint[];
  leaving?: readonly Endpoint[];
}

/**
 * In the order in which their networks are the way out: by the highest gateway priority, of equals by
 * the first of the names, so that it is the same in whichever order they came.
 */
export function ranked<T extends { network: string; gwPriority?: number }>(
  attached: readonly T[],
  nameOf: (network: string) => string | undefined,
): T[] {
  const named = attached.map((one) => ({ one, name: nameOf(one.network) ?? '' }));
  const first = (one: boolean) => (one ? -1 : 1);
  named.sort((a, b) => (b.one.gwPriority ?? 0) - (a.one.gwPriority ?? 0) || first(a.name < b.name));
  return named.map(({ one }) => one);
}

/** The ways out of a sandbox, one a family. */
export function waysOut(endpoints: readonly Endpoint[], records: Records): WayOut[] {
  const inOrder = ranked(endpoints, (id) => records.network(id)?.name);
  return [true, false].flatMap((isFour) => {
    for (const endpoint of inOrder) {
      const gateway = gateways(endpoint).find((one) => isIPv4(one) === isFour);
      if (gateway !== undefined) return [{ ifname: endpoint.ifname, gateway }];
    }
    return [];
  });
}

/** A default route to be added, or to take the place of the one by `instead`. */
export interface Move extends WayOut {
  instead?: string;
}

/**
 * What has to change for a sandbox's default routes to be right. A route that is none of hawser's is
 * left alone, and hawser adds none beside it.
 */
export function movesOf(
  { staying, leaving = [] }: Crew,
  records: Records,
  inside: Rtnetlink,
): Move[] {
  const wanted = waysOut(staying, records);
  if (wanted.length === 0) return [];
  const own = new Set([...staying, ...leaving].flatMap(gateways));
  const present = defaultRoutes(inside, wanted);
  return wanted.flatMap((way) => {
    const rivals = present.filter(({ family }) => (family === 4) === isIPv4(way.gateway));
    if (rivals.some(({ gateway }) => gateway === way.gateway)) return [];
    const instead = rivals.find(
      ({ gateway }) => gateway !== undefined && (own.has(gateway) || isGateway(gateway, records)),
    );
    if (instead?.gateway !== undefined) return [{ ...way, instead: instead.gateway }];
    return rivals.length > 0 ? [] : [way];
  });
}

/** In one step, where a route takes another's place. */
export function makeMoves(moves: readonly Move[], inside: Rtnetlink): void {
  for (const { ifname, gateway, instead } of moves) {
    const replace = instead !== undefined;
    inside.addRoute({ destination: 'default', gateway, link: ifname, replace });
  }
}

/** Makes the default routes of a sandbox what its crew calls for, in one step a family. */
export function steer(crew: Crew, records: Records, inside: Rtnetlink): void {
  makeMoves(movesOf(crew, records, inside), inside);
}

/** How the default routes of a sandbox, whose links are all there, differ from what they are to be. */
export function courseDifferences(
  staying: readonly Endpoint[],
  records: Records,
  inside: Rtnetlink,
): Difference[] {
  const [first] = staying;
  if (first === undefined) return [];
  return movesOf({ staying }, records, inside).map((move) => {
    const family = isIPv4(move.gateway) ? 'IPv4' : 'IPv6';
    return {
      kind: 'route',
      what:
        move.instead === undefined
          ? `${first.owner} has no default route of ${family}`
          : `${first.owner} has its default route of ${family} by ${move.instead} instead of ${move.gateway}`,
      mend() {
        using inside = Rtnetlink.open(first.sandbox.path);
        steer({ staying }, records, inside);
      },
    };
  });
}

/** Of any network: a process that was killed may have left its route behind. */
function isGateway(gateway: string, records: Records): boolean {
  return records.networks().some(({ subnets }) => subnets.some((one) => one.gateway === gateway));
}

function defaultRoutes(inside: Rtnetlink, wanted: readonly WayOut[]): Route[] {
  const [only, other] = wanted.map(({ gateway }): Family => (isIPv4(gateway) ? 4 : 6));
  const family = other === undefined ? only : undefined;
  return inside
    .routes(family === undefined ? {} : { family })
    .filter(({ destination, table }) => destination === 'default' && table === MAIN_TABLE);
}

function gateways({ addresses }: Endpoint): string[] {
  return addresses.flatMap(({ gateway }) => (gateway === undefined ? [] : [gateway]));
}
