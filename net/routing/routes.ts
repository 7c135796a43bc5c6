/** Routes that an endpoint adds to its sandbox, beside the default one. */
import { HawserError } from '../../errors.ts';
import { formatAddress, parseAddress } from '../../ipam/address.ts';
import { contains, formatSubnet, subnetOf } from '../../ipam/subnet.ts';
import type { EndpointRoute, Network } from '../model.ts';

/**
 * Reads a route as ip-route(8) writes it: `10.9.0.0/16 via 10.5.0.254 metric 50`, gateway and metric
 * as one likes.
 *
 * @returns it in canonical text
 * @throws HawserError 'invalid'
 */
export function parseRoute(text: string): EndpointRoute {
  const form = /^(\S+)(?: via (\S+))?(?: metric (\d{1,10}))?$/.exec(text.trim());
  const [, destination, gateway, metric] = form ?? [];
  if (destination === undefined) {
    throw new HawserError('invalid', `route ${JSON.stringify(text)} cannot be read`, {
      hint: 'write it as 10.9.0.0/16 via 10.5.0.254 metric 50',
    });
  }
  return checkRoute({
    destination,
    ...(gateway !== undefined && { gateway }),
    ...(metric !== undefined && { metric: Number(metric) }),
  });
}

/** As ip-route(8) writes it. */
export function formatRoute({ destination, gateway, metric }: EndpointRoute): string {
  const via = gateway === undefined ? '' : ` via ${gateway}`;
  return `${destination}${via}${metric === undefined ? '' : ` metric ${metric}`}`;
}

/** In canonical text, as far as it can be judged without its network. */
export function checkRoute(given: EndpointRoute): EndpointRoute {
  const { destination, gateway, metric } = given;
  const refuse = (why: string, hint?: string) => {
    throw new HawserError(
      'invalid',
      `route ${formatRoute(given)}: ${why}`,
      hint === undefined ? {} : { hint },
    );
  };
  if (destination === 'default' || destination.endsWith('/0')) {
    refuse('which network has the default route is not said by a route', 'see: gw-priority');
  }
  const subnet = subnetOf(destination);
  if (parseAddress(destination.split('/')[0] ?? '').value !== subnet.first) {
    refuse(`it has bits set behind its prefix; the subnet is ${formatSubnet(subnet)}`);
  }
  const way = gateway === undefined ? undefined : parseAddress(gateway);
  if (way !== undefined && way.family !== subnet.family) refuse('it has two families');
  if (metric !== undefined && !(Number.isInteger(metric) && metric >= 0 && metric < 2 ** 32)) {
    refuse('its metric is not 0 to 4294967295');
  }
  return {
    destination: formatSubnet(subnet),
    ...(way && { gateway: formatAddress(way) }),
    ...(metric !== undefined && { metric }),
  };
}

/** @throws HawserError 'invalid' for a gateway that is not on the network, or a family it lacks */
export function refuseFarRoutes(routes: readonly EndpointRoute[], network: Network): void {
  const subnets = network.subnets.map(({ subnet }) => subnetOf(subnet));
  for (const { destination, gateway } of routes) {
    const { family } = subnetOf(destination);
    const own = subnets.find((subnet) => subnet.family === family);
    if (own === undefined) {
      throw new HawserError(
        'invalid',
        `route ${destination}: network ${network.name} has no IPv${family} subnet`,
      );
    }
    if (gateway === undefined || contains(own, parseAddress(gateway))) continue;
    throw new HawserError(
      'invalid',
      `route ${destination} via ${gateway}: the gateway is outside ${formatSubnet(own)}`,
    );
  }
}
