/** Published ports by address family, where a container has its ways out by different networks. */
import { isIPv4 } from 'node:net';
import type { Family } from '../../ipam/address.ts';
import type { NetworkSubnet, PortRequest } from '../model.ts';

export function hasFamily(subnets: readonly NetworkSubnet[], family: Family): boolean {
  return subnets.some(({ gateway }) => isIPv4(gateway) === (family === 4));
}

/** Those that name an address of the host of this family. */
export function portsOfFamily(ports: readonly PortRequest[], family: Family): PortRequest[] {
  return ports.filter(({ hostIp }) => hostIp !== undefined && isIPv4(hostIp) === (family === 4));
}

/**
 * What ports on all addresses of the host are in this family. A number that is still to be chosen
 * cannot be the same by two networks, and is chosen for one alone.
 */
export function widePorts(ports: readonly PortRequest[], family: Family): PortRequest[] {
  const hostIp = family === 4 ? '0.0.0.0' : '::';
  return ports.flatMap((port) => {
    const isChosen = port.hostPort !== undefined && port.hostPortLast === undefined;
    return port.hostIp === undefined && isChosen ? [{ ...port, hostIp }] : [];
  });
}
