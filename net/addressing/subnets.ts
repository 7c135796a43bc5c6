/** Which subnets a new network gets, and whose ways it must not cross. */
import { HawserError } from '../../errors.ts';
import { overlaps } from '../../ipam/subnet.ts';
import { MAIN_TABLE } from '../../native/rtnetlink/route.ts';
import type { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import type { Network } from '../model.ts';

/** A subnet that is in use, and what by: `network blue`, `the route to 10.0.0.0/8 on eth0`. */
export interface TakenSubnet {
  subnet: string;
  by: string;
  /** What the user can do about it. */
  hint?: string;
}

const ROUTE_HINT = '--ignore-host-routes overlaps with it all the same';

/** The subnets of all networks. */
export function subnetsOf(networks: readonly Network[]): TakenSubnet[] {
  return networks.flatMap(({ name, subnets }) =>
    subnets.map(({ subnet }) => ({ subnet, by: `network ${name}` })),
  );
}

/**
 * The host's on-link routes, less those of the networks themselves: what is behind a gateway is
 * another matter, since a more specific route of ours goes first. A network is at home in the subnets
 * of its `parent`.
 */
export function routedSubnets(
  networks: readonly Network[],
  host: Rtnetlink,
  parent?: string,
): TakenSubnet[] {
  const own = new Set([...networks.map(({ bridge }) => bridge), parent]);
  const names = new Map(host.links().map(({ index, name }) => [index, name]));
  return host.routes({ table: MAIN_TABLE }).flatMap((route) => {
    const link = names.get(route.link ?? 0) ?? '?';
    const isOnLink = route.gateway === undefined && route.destination !== 'default';
    if (!isOnLink || own.has(link) || isScoped(route.destination)) return [];
    return [
      {
        subnet: route.destination,
        by: `the route to ${route.destination} on ${link}`,
        hint: ROUTE_HINT,
      },
    ];
  });
}

/** Link-local and multicast are on every link, and nobody's in particular. */
function isScoped(destination: string): boolean {
  return /^(fe80:|ff|169\.254\.|22[4-9]\.|23\d\.)/.test(destination);
}

/** @throws HawserError 'taken' naming what a requested subnet overlaps with */
export function refuseOverlap(
  subnet: string,
  taken: readonly TakenSubnet[],
  attempt: string,
): void {
  const conflict = taken.find((one) => overlaps(one.subnet, subnet));
  if (conflict === undefined) return;
  throw new HawserError(
    'taken',
    `${attempt}: subnet ${subnet} overlaps with ${conflict.subnet} of ${conflict.by}`,
    conflict.hint === undefined ? {} : { hint: conflict.hint },
  );
}
