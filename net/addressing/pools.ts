/** The default pools as people look at them: with the networks that have subnets of theirs. */
import {
  type AddressPool,
  defaultPools,
  setDefaultPools,
  subnetsIn,
} from '../../ipam/default-pools.ts';
import { overlaps } from '../../ipam/subnet.ts';
import type { NetContext } from '../context.ts';

/** A default pool as it is set: `{ base: '10.64.0.0/12', size: 26 }`. */
export type DefaultPool = AddressPool;

export interface PoolUse extends DefaultPool {
  /** How many can be cut from it. */
  subnets: number;
  /** The names of networks that have a subnet in it, cut from it or chosen. */
  networks: string[];
}

export interface Pools {
  /** In the order in which they are cut, IPv4 first. */
  list(): PoolUse[];
  /**
   * Sets them for the networks made from now on; a family of which none is given has the built-in ones.
   *
   * @throws HawserError 'invalid'
   */
  set(pools: readonly DefaultPool[]): void;
}

export function openPools({ store, records }: Pick<NetContext, 'store' | 'records'>): Pools {
  return {
    set: (pools) => setDefaultPools(store, pools),
    list: () =>
      store.transaction(() => {
        const networks = records.networks();
        const holders = (base: string) =>
          networks.filter(({ subnets }) => subnets.some(({ subnet }) => overlaps(base, subnet)));
        return ([4, 6] as const)
          .flatMap((family) => defaultPools(store, family))
          .map((pool) => ({
            ...pool,
            subnets: subnetsIn(pool),
            networks: holders(pool.base).map(({ name }) => name),
          }));
      }),
  };
}
