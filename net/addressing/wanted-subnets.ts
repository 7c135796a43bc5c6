/** Which subnets a network is to have: those that its spec names, and free ones of the default pools. */
import { HawserError } from '../../errors.ts';
import type { Family } from '../../ipam/address.ts';
import { type AddressPool, defaultPools, firstFreeSubnet } from '../../ipam/default-pools.ts';
import { overlaps, subnetOf } from '../../ipam/subnet.ts';
import type { Store } from '../../store/store.ts';
import type { NetworkSpec, SubnetSpec } from '../request.ts';
import type { TakenSubnet } from './subnets.ts';

/**
 * One subnet for each family that the network is to have: its own, or one of the default pools. More
 * than one of a family is refused, as Docker's bridge does: an endpoint has one address a family.
 *
 * @param keepsFirst leaves the very first IPv4 subnet to the default network, which has the same whichever
 *   network is made first
 * @throws HawserError 'invalid', or 'exhausted' if no default subnet is free
 */
export function wantedSubnets(
  store: Store,
  spec: NetworkSpec,
  taken: readonly TakenSubnet[],
  keepsFirst: boolean,
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
    if (second === undefined)
      return own ?? { subnet: freeSubnet(store, family, taken, keepsFirst) };
    throw new HawserError(
      'invalid',
      `subnets ${own?.subnet} and ${second.subnet} are both IPv${family}, and a network has one of a family`,
    );
  });
}

function freeSubnet(
  store: Store,
  family: Family,
  taken: readonly TakenSubnet[],
  keepsFirst: boolean,
): string {
  const pools = defaultPools(store, family);
  const first = keepsFirst && family === 4 ? firstFreeSubnet(pools, []) : undefined;
  const kept = first === undefined ? [] : [{ subnet: first, by: 'network bridge, to be' }];
  const all = [...kept, ...taken];
  const free = firstFreeSubnet(
    pools,
    all.map(({ subnet }) => subnet),
  );
  return free ?? refuseFull(pools, all);
}

/** How many holders of a full pool are named. */
const NAMED = 5;

function refuseFull(pools: readonly AddressPool[], taken: readonly TakenSubnet[]): never {
  const bases = pools.map(({ base }) => base);
  const holders = taken
    .filter(({ subnet }) => bases.some((base) => overlaps(base, subnet)))
    .sort((a, b) => (subnetOf(a.subnet).first < subnetOf(b.subnet).first ? -1 : 1));
  const named = holders.slice(0, NAMED).map(({ subnet, by }) => `${subnet} by ${by}`);
  const more = holders.length > NAMED ? ` and ${holders.length - NAMED} more` : '';
  throw new HawserError(
    'exhausted',
    `no subnet of the default pools ${bases.join(', ')} is free: ${named.join(', ')}${more}`,
    {
      hint: 'remove networks (hawser network prune), name a --subnet, or see: hawser system pools',
    },
  );
}

function familyOf(subnet: string): Family {
  return subnet.includes(':') ? 6 : 4;
}
