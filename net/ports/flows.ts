/**
 * Flows of UDP that began before a port was published, or while it led to somebody who is gone. The
 * kernel goes on with the NAT of a flow's first datagram for as long as its sender does not pause.
 */
import { isIPv4 } from 'node:net';
import { type Family, forgetUdpFlows, type UdpFlow } from '../../native/conntrack.ts';
import type { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import type { Endpoint, PublishedPort } from '../model.ts';
import { isAny } from './host-addresses.ts';

/** Senders who were there first reach the endpoint from now on. To be called once its ports lead to it. */
export function winFlows({ ports, addresses }: Endpoint, rtnl: Rtnetlink): void {
  const published = ports.filter(({ protocol }) => protocol === 'udp');
  if (published.length === 0) return;
  const own = new Set(addresses.map(({ address }) => address));
  const local = new Set(rtnl.addresses().map(({ address }) => address));
  const isLocal = (address: string) => address.startsWith('127.') || local.has(address);
  forgetUdpFlows(
    familiesOf(published),
    (flow) => !own.has(flow.answeredBy) && published.some((port) => isTo(flow, port, isLocal)),
  );
}

/** Nobody is led any more to the endpoint's address, which may be another's soon. */
export function loseFlows({ ports, addresses }: Endpoint): void {
  const published = ports.filter(({ protocol }) => protocol === 'udp');
  const own = new Set(addresses.map(({ address }) => address));
  forgetUdpFlows(
    familiesOf(published),
    ({ destination, answeredBy }) => own.has(answeredBy) && answeredBy !== destination,
  );
}

function isTo(
  { destination, destinationPort }: UdpFlow,
  { hostIp, hostPort, count }: PublishedPort,
  isLocal: (address: string) => boolean,
): boolean {
  const isItsPort = destinationPort >= hostPort && destinationPort < hostPort + count;
  if (!isItsPort || !isAny(hostIp)) return isItsPort && hostIp === destination;
  return isIPv4(hostIp) === isIPv4(destination) && isLocal(destination);
}

function familiesOf(ports: readonly PublishedPort[]): Set<Family> {
  return new Set(ports.map(({ hostIp }) => (isIPv4(hostIp) ? 4 : 6)));
}
