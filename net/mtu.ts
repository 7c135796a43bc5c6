import { HawserError } from '../errors.ts';
import type { Rtnetlink } from '../native/rtnetlink/rtnetlink.ts';
import type { Network } from './model.ts';
import { OPTION } from './options.ts';

const ETHERNET = 1500;
/** Octets that every link of IPv6 must carry (RFC 8200, 5). */
const LEAST_OF_IPV6 = 1280;

/**
 * The MTU (bytes) of an endpoint: what is asked for, if the network can carry it.
 *
 * @throws HawserError 'invalid'
 */
export function endpointMtu(asked: number | undefined, most: number, network: Network): number {
  if (asked === undefined) return most;
  if (asked > most) {
    throw new HawserError(
      'invalid',
      `an MTU of ${asked} is more than the ${most} of network ${network.name}`,
    );
  }
  refuseSmallMtu({ ...network, options: { [OPTION.mtu]: String(asked) } });
  return asked;
}

/** @throws HawserError 'invalid' for a network whose MTU is too small for its IPv6 subnet */
export function refuseSmallMtu({ options, subnets }: Pick<Network, 'options' | 'subnets'>): void {
  const mtu = Number(options[OPTION.mtu] ?? LEAST_OF_IPV6);
  if (mtu >= LEAST_OF_IPV6 || !subnets.some(({ subnet }) => subnet.includes(':'))) return;
  throw new HawserError('invalid', `an MTU of ${mtu} is too small for IPv6, which needs 1280`);
}

/**
 * The MTU (bytes) of the link that the host's default route leaves by: a larger one in a container
 * would have its packets fragmented or lost on the way out. Ethernet's if there is no such route.
 */
export function defaultRouteMtu(rtnl: Rtnetlink): number {
  const route = rtnl
    .routes({ family: 4 })
    .filter(({ destination }) => destination === 'default')
    .sort((a, b) => a.metric - b.metric)[0];
  return rtnl.links().find(({ index }) => index === route?.link)?.mtu ?? ETHERNET;
}
