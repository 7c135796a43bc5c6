/** Who has which address of a network, and whether they live. */
import type { NetContext } from '../context.ts';
import type { LeaseInfo, Network } from '../model.ts';
import { poolId } from '../networks.ts';
import { causeOfDeath } from './proof.ts';

/** By subnets: what is set apart, then the leases by rising address. */
export function leasesOf(context: NetContext, network: Network): LeaseInfo[] {
  return network.subnets.flatMap(({ subnet, gateway, aux }) => [
    reserved(gateway, 'gateway'),
    ...Object.entries(aux).map(([name, address]) => reserved(address, name)),
    ...Array.from(context.ipam.leases(poolId(network.id, subnet)), ({ address, owner, since }) => ({
      address,
      since,
      ...held(context, owner),
    })),
  ]);
}

function reserved(address: string, owner: string): LeaseInfo {
  return { address, owner, state: 'reserved' };
}

function held(context: NetContext, key: string): Omit<LeaseInfo, 'address'> {
  const endpoint = context.records.endpoint(key);
  if (endpoint === undefined) {
    return { owner: key, state: 'dead', why: 'there is no such endpoint' };
  }
  const { owner } = endpoint;
  const why = causeOfDeath(context, endpoint);
  return {
    owner,
    endpoint: key,
    ...(why === undefined ? { state: 'alive' } : { state: 'dead', why }),
  };
}
