/** Which subnets a new network gets, and whose ways it must not cross. */
import { HawserError } from '../errors.ts';
import type { Family } from '../ipam/address.ts';
import { defaultPools, firstFreeSubnet } from '../ipam/default-pools.ts';
import { overlaps } from '../ipam/subnet.ts';
import { MAIN_TABLE } from '../native/rtnetlink/route.ts';
import type { Rtnetlink } from '../native/rtnetlink/rtnetlink.ts';
import type { Store } from '../store/store.ts';
import type { Network } from './model.ts';
import type { NetworkSpec, SubnetSpec } from './request.ts';

/** A subnet that is in use, and what by: `network blue`, `the route to 10.0.0.0/8 on eth0`. */
export interface TakenSubnet {
  subnet: string;
  by: string;
}

/**
 * The subnets of all networks, and the host's on-link routes: what is behind a gateway is another
 * matter, since a more specific route of ours goes first. A network is at home in the subnets of its
 * `parent`.
 */
export function takenSubnets(
  networks: readonly Network[],
  host: Rtnetlink,
  parent?: string,
): TakenSubnet[] {
  const own = new Set([...networks.map(({ bridge }) => bridge), parent]);
  const names = new Map(host.links().map(({ index, name }) => [index, name]));
  const routes = host.routes({ table: MAIN_TABLE }).flatMap((route) => {
    const link = names.get(route.link ?? 0) ?? '?';
    const isOnLink = route.gateway === undefined && route.destination !== 'default';
    if (!isOnLink || own.has(link) || isScoped(route.destination)) return [];
    return [{ subnet: route.destination, by: `the route to ${route.destination} on ${link}` }];
  });
  const subnets = networks.flatMap(({ name, subnets: theirs }) =>
    theirs.map(({ subnet }) => ({ subnet, by: `network ${name}` })),
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
 * One subnet for each family that the network is to have: its own, or one of the default pools. More
 * than one of a family is refused, as Docker's bridge does: an endpoint has one address a family.
 *
 * @throws HawserError 'invalid', or 'exhausted' if no default subnet is free
 */
export function wantedSubnets(
  store: Store,
  spec: NetworkSpec,
  taken: readonly TakenSubnet[],
  isDefault: boolean,
): SubnetSpec[] {
  const given = spec.subnets ?? [];
  const of = (family: Family) => given.filter(({ subnet }) => familyOf(subnet) === family);
  const { ipv4 = true, ipv6 = of(6).length > 0 } = spec;
  if (!ipv4 && !ipv6) {
    throw new HawserError('invalid', 'a network has IPv4, IPv6 or both, and this one has neither');
  }
  const families: Family[] = [...(ipv4 ? [4 as const] : []), ...(ipv6 ? [6 as const] : [])];
  for (const { subnet } of given) {
    if (families.includes(familyOf(subnet))) continue;
    const family = `IPv${familyOf(subnet)}`;
    throw new HawserError('invalid', `subnet ${subnet} is ${family}, which is switched off`);
  }
  return families.map((family) => {
    const [own, second] = of(family);
    if (second === undefined) return own ?? { subnet: freeSubnet(store, family, taken, isDefault) };
    throw new HawserError(
      'invalid',
      `subnets ${own?.subnet} and ${second.subnet} are both IPv${family}, and a network has one of a family`,
    );
  });
}

/**
 * The first of the default pools that overlaps with nothing. The very first of them is kept for the
 * default network, which has the same subnet whichever network is made first.
 */
function freeSubnet(
  store: Store,
  family: Family,
  taken: readonly TakenSubnet[],
  isDefault: boolean,
): string {
  const pools = defaultPools(store, family);
  const kept = isDefault || family === 6 ? [] : [firstFreeSubnet(pools, []) ?? ''];
  const free = firstFreeSubnet(pools, [...kept, ...taken.map(({ subnet }) => subnet)]);
  if (free !== undefined) return free;
  throw new HawserError('exhausted', 'every default subnet overlaps with one that is in use', {
    hint: 'name a subnet with --subnet',
  });
}

function familyOf(subnet: string): Family {
  return subnet.includes(':') ? 6 : 4;
}
