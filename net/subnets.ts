/** Which subnets a new network gets, and whose ways it must not cross. */
import { HawserError } from '../errors.ts';
import { chooseSubnet, DEFAULT_SUBNETS } from '../ipam/defaults.ts';
import { overlaps } from '../ipam/subnet.ts';
import { MAIN_TABLE } from '../native/rtnetlink/route.ts';
import type { Rtnetlink } from '../native/rtnetlink/rtnetlink.ts';
import type { Network } from './model.ts';

/** A subnet that is in use, and what by: `network blue`, `the route to 10.0.0.0/8 on eth0`. */
export interface TakenSubnet {
  subnet: string;
  by: string;
}

/**
 * The subnets of all networks, and the host's on-link routes: what is behind a gateway is another
 * matter, since a more specific route of ours goes first.
 */
export function takenSubnets(networks: readonly Network[], host: Rtnetlink): TakenSubnet[] {
  const bridges = new Set(networks.map(({ bridge }) => bridge));
  const names = new Map(host.links().map(({ index, name }) => [index, name]));
  const routes = host.routes({ table: MAIN_TABLE }).flatMap((route) => {
    const link = names.get(route.link ?? 0) ?? '?';
    const isOnLink = route.gateway === undefined && route.destination !== 'default';
    if (!isOnLink || bridges.has(link) || isScoped(route.destination)) return [];
    return [{ subnet: route.destination, by: `the route to ${route.destination} on ${link}` }];
  });
  const subnets = networks.flatMap(({ name, subnets: own }) =>
    own.map(({ subnet }) => ({ subnet, by: `network ${name}` })),
  );
  return [...subnets, ...routes];
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
  );
}

/**
 * The first of the default pools that overlaps with nothing. The very first of them is kept for the
 * default network, which has the same subnet whichever network is made first.
 */
export function freeSubnet(taken: readonly TakenSubnet[], isDefault: boolean): string {
  const kept = isDefault ? [] : DEFAULT_SUBNETS.slice(0, 1);
  return chooseSubnet([...kept, ...taken.map(({ subnet }) => subnet)]);
}
