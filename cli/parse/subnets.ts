import { BlockList, isIP } from 'node:net';
import { HawserError } from '../../errors.ts';
import type { SubnetSpec } from '../../net/request.ts';
import { invalid } from './invalid.ts';
import { parsePairs } from './pairs.ts';

export interface SubnetOptions {
  subnet: string[];
  gateway: string[];
  ipRange: string[];
  auxAddress: string[];
}

/**
 * Puts each gateway, range and reserved address to the subnet that it lies in, since the command line
 * gives them apart. Whether the addresses fit in all other ways is for the engine to say.
 */
export function parseSubnets({
  subnet,
  gateway,
  ipRange,
  auxAddress,
}: SubnetOptions): SubnetSpec[] {
  const specs = subnet.map((text): SubnetSpec => ({ subnet: text }));
  const home = (option: string, address: string): SubnetSpec => {
    const [only, ...others] = specs;
    if (only === undefined) throw invalid(option, address, 'it needs the --subnet that it lies in');
    if (others.length === 0) return only;
    const found = specs.find((spec) => holds(spec.subnet, address));
    if (found) return found;
    throw invalid(option, address, `it lies in none of the subnets ${subnet.join(', ')}`);
  };
  for (const address of gateway) once(home('--gateway', address), 'gateway', address);
  for (const range of ipRange) once(home('--ip-range', range), 'range', range);
  for (const [name, address] of Object.entries(parsePairs('--aux-address', auxAddress))) {
    const spec = home('--aux-address', address);
    spec.aux = { ...spec.aux, [name]: address };
  }
  return specs;
}

function once(spec: SubnetSpec, key: 'gateway' | 'range', value: string): void {
  if (spec[key] !== undefined) {
    throw new HawserError(
      'invalid',
      `subnet ${spec.subnet} cannot have two ${key}s, ${spec[key]} and ${value}`,
    );
  }
  spec[key] = value;
}

/** Whether an address, or the first address of a range, lies in a subnet; false if either is malformed. */
function holds(subnet: string, addressOrRange: string): boolean {
  const [network = '', prefix = ''] = subnet.split('/');
  const [address = ''] = addressOrRange.split('/');
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(network) === 0 || isIP(network) !== isIP(address)) return false;
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > (family === 'ipv6' ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), family);
  return list.check(address, family);
}
