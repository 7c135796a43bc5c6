/** What is said of one endpoint, in fields or by Docker's names of driver options: read and checked. */
import { isIPv4, isIPv6 } from 'node:net';
import { HawserError } from '../../errors.ts';
import { checkAlias } from '../dns/names.ts';
import { parseMac } from '../mac.ts';
import type { EndpointRoute } from '../model.ts';
import { checkInterfaceName } from '../names.ts';
import type { EndpointSettings } from '../request.ts';
import { checkRoute, parseRoute } from '../routing/routes.ts';
import { checkEndpointSysctl, parseEndpointSysctls } from './endpoint-sysctls.ts';

/** Docker's names; mtu and routes are in its manner, for what Docker has no name for. */
const OPTION = {
  ifname: 'com.docker.network.endpoint.ifname',
  sysctls: 'com.docker.network.endpoint.sysctls',
  mtu: 'com.docker.network.endpoint.mtu',
  routes: 'com.docker.network.endpoint.routes',
} as const;

/** A request whose settings are all in fields, and checked as far as they can be without the network. */
export type Settled<T extends EndpointSettings> = Omit<T, 'options' | 'routes'> & {
  routes?: EndpointRoute[];
};

/**
 * Reads the driver options among the settings into fields, and checks them all.
 *
 * @throws HawserError 'invalid' for what is malformed, unknown, or said twice
 */
export function settle<T extends EndpointSettings>(asked: T): Settled<T> {
  const { options = {}, routes, ...fields } = asked;
  const read = readOptions(options);
  for (const key of Object.keys(read)) {
    if (key in asked) {
      throw new HawserError('invalid', `${key} is given twice, once as a driver option`);
    }
  }
  const parsed = routes?.map((one) =>
    typeof one === 'string' ? parseRoute(one) : checkRoute(one),
  );
  const settled = { ...fields, ...(parsed && { routes: parsed }), ...read };
  check(settled);
  return settled;
}

function readOptions(options: Readonly<Record<string, string>>): Settled<EndpointSettings> {
  const read: Settled<EndpointSettings> = {};
  for (const [name, value] of Object.entries(options)) {
    switch (name) {
      case OPTION.ifname:
        read.ifname = value;
        break;
      case OPTION.sysctls:
        read.sysctls = parseEndpointSysctls(value);
        break;
      case OPTION.mtu:
        read.mtu = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
        break;
      case OPTION.routes:
        read.routes = value.split(';').map(parseRoute);
        break;
      default:
        throw new HawserError('invalid', `endpoint option ${JSON.stringify(name)} is not known`, {
          hint: `known are ${Object.values(OPTION).join(', ')}`,
        });
    }
  }
  return read;
}

function check(settings: EndpointSettings): void {
  const { ip, ip6, mac, aliases = [], ifname, gwPriority = 0, mtu = 68, sysctls = {} } = settings;
  const refuse = (what: string) => {
    throw new HawserError('invalid', what);
  };
  if (ip !== undefined && !isIPv4(ip)) refuse(`${JSON.stringify(ip)} is not an IPv4 address`);
  if (ip6 !== undefined && !isIPv6(ip6)) refuse(`${JSON.stringify(ip6)} is not an IPv6 address`);
  if (mac !== undefined) parseMac(mac);
  if (ifname !== undefined) checkInterfaceName(ifname);
  if (!Number.isSafeInteger(gwPriority))
    refuse(`gateway priority ${gwPriority} is no whole number`);
  // IPv4's least (RFC 791), and what a packet of it can hold.
  if (!Number.isInteger(mtu) || mtu < 68 || mtu > 65535) refuse('the MTU is not 68 to 65535');
  for (const alias of aliases) checkAlias(alias);
  for (const [name, value] of Object.entries(sysctls)) checkEndpointSysctl(name, value);
}
