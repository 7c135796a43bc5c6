/** The addresses of an endpoint: one of each of its network's subnets. */
import { HawserError } from '../../errors.ts';
import type { NetContext } from '../context.ts';
import type { EndpointAddress, Network, NetworkSubnet } from '../model.ts';
import { poolId } from '../networks.ts';
import type { AttachRequest } from '../request.ts';
import type { Undo } from '../undo.ts';

/**
 * Takes a lease of each subnet's pool, the requested address where one is.
 *
 * @throws HawserError 'invalid' or 'taken' for a requested address that cannot be had, 'exhausted'
 */
export function takeLeases(
  context: NetContext,
  network: Network,
  request: Pick<AttachRequest, 'ip' | 'ip6'>,
  key: string,
  undo: Undo,
): EndpointAddress[] {
  const { ipam } = context;
  const { ip, ip6 } = request;
  const { subnets } = network;
  if (ip !== undefined) refuseStray(ip, 'IPv4', network, subnets.filter(isFour));
  if (ip6 !== undefined)
    refuseStray(
      ip6,
      'IPv6',
      network,
      subnets.filter((one) => !isFour(one)),
    );
  return subnets.map((one) => {
    const pool = poolId(network.id, one.subnet);
    const requested = isFour(one) ? ip : ip6;
    if (requested !== undefined) refuseHeld(context, network, pool, requested, key);
    const { address, prefix } = holdersTold(network, () => ipam.take(pool, key, requested));
    undo('attach:lease', () => ipam.release(pool, key));
    return { address, prefix, ...(!network.internal && { gateway: one.gateway }) };
  });
}

/** Whoever finds a pool full is told where its holders are listed. */
function holdersTold<T>({ name }: Network, take: () => T): T {
  try {
    return take();
  } catch (error) {
    if (!(error instanceof HawserError) || error.code !== 'exhausted') throw error;
    throw new HawserError(error.code, error.message, {
      cause: error,
      hint: `see: hawser network inspect ${name}`,
    });
  }
}

function isFour({ subnet }: NetworkSubnet): boolean {
  return !subnet.includes(':');
}

/** Whether an address lies in the subnet is for the pool to say; here, that there is one. */
function refuseStray(ip: string, family: string, { name }: Network, own: NetworkSubnet[]): void {
  if (own.length > 0) return;
  throw new HawserError('invalid', `${ip} cannot be had: network ${name} has no ${family} subnet`);
}

function refuseHeld(
  { ipam, records }: NetContext,
  network: Network,
  pool: string,
  ip: string,
  key: string,
): void {
  const holder = ipam.holderOf(pool, ip)?.owner;
  if (holder === undefined || holder === key) return;
  const name = records.endpoint(holder)?.owner ?? holder;
  throw new HawserError('taken', `${ip} is already leased to ${name}`, {
    hint: `see: hawser network inspect ${network.name}`,
  });
}
