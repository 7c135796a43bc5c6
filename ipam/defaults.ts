import { HawserError } from '../errors.ts';
import { overlaps } from './subnet.ts';

/**
 * The subnets that a network without one of its own gets, in this order: those of Docker's local
 * address pools, 172.17.0.0/16 to 172.31.0.0/16 and then 192.168.0.0/16 in pieces of a /20.
 */
export const DEFAULT_SUBNETS: readonly string[] = [
  ...Array.from({ length: 15 }, (_, i) => `172.${17 + i}.0.0/16`),
  ...Array.from({ length: 16 }, (_, i) => `192.168.${16 * i}.0/20`),
];

/**
 * The first default subnet that shares no address with any of `taken` (those of other networks, and
 * what the host reaches by its own interfaces).
 * @throws HawserError 'exhausted'
 */
export function chooseSubnet(taken: readonly string[]): string {
  const free = DEFAULT_SUBNETS.find((subnet) => !taken.some((other) => overlaps(subnet, other)));
  if (free !== undefined) return free;
  throw new HawserError(
    'exhausted',
    `all ${DEFAULT_SUBNETS.length} default subnets overlap one that is in use`,
    { hint: 'name a subnet with --subnet' },
  );
}
