/** Which addresses of the host a publication stands on, given which families its endpoint speaks. */
import { isIP, isIPv4 } from 'node:net';
import { HawserError } from '../../errors.ts';
import { formatAddress, parseAddress } from '../../ipam/address.ts';
import type { EndpointAddress, PortRequest } from '../model.ts';
import { ANY_ADDRESS, ANY_ADDRESS6, formatPort } from './parse.ts';

/**
 * A publication without an address stands on all of the host's, in each family of the endpoint's: as
 * with docker, `0.0.0.0` and `::`. One with an address needs an endpoint of the same family: the
 * kernel translates addresses and ports, not IPv4 into IPv6.
 *
 * @throws HawserError 'invalid' for text that is no address, or for a family that the endpoint lacks
 */
export function hostIpsOf(request: PortRequest, addresses: readonly EndpointAddress[]): string[] {
  const has4 = addresses.some(({ address }) => isIPv4(address));
  const has6 = addresses.some(({ address }) => !isIPv4(address));
  const { hostIp } = request;
  if (hostIp === undefined)
    return [...(has4 ? [ANY_ADDRESS] : []), ...(has6 ? [ANY_ADDRESS6] : [])];
  if (isIP(hostIp) === 0) {
    throw new HawserError('invalid', `publish on ${JSON.stringify(hostIp)}: it is no IP address`);
  }
  if (isIPv4(hostIp) ? has4 : has6) return [formatAddress(parseAddress(hostIp))];
  const family = isIPv4(hostIp) ? 'IPv4' : 'IPv6';
  throw new HawserError(
    'invalid',
    `publish ${formatPort(request)}: the container has no ${family} address on this network, and ports lead only to an address of their own family`,
  );
}

/** Every address of the host that an address of a publication stands for: itself, or its family's all. */
export function isAny(hostIp: string): boolean {
  return hostIp === ANY_ADDRESS || hostIp === ANY_ADDRESS6;
}

export function anyOf(hostIp: string): string {
  return isIPv4(hostIp) ? ANY_ADDRESS : ANY_ADDRESS6;
}
