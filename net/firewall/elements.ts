/** What a network and an endpoint put into the tables' sets and maps: pure data from pure data. */
import { isIPv4 } from 'node:net';
import { hasNames } from '../dns/names.ts';
import type { Endpoint, Network, PublishedPort } from '../model.ts';
import { parseBridgeOptions } from '../options.ts';
import { isAny } from '../ports/host-addresses.ts';
import { originElements } from './origin.ts';
import { NAMES_PORT } from './skeleton.ts';
import { familyOf } from './tables.ts';

/** One element; the parts of a concatenation in nft's notation: `tcp`, `10.5.0.0/24`, `80-89`. */
export interface Element {
  set: string;
  key: string[];
  /** In a map: what the key leads to. */
  data?: string[];
}

/** A network's own: that its bridge exists, and how it and its subnets are treated. */
export function networkElements(network: Network): Element[] {
  // What has no bridge is not the host's to filter: it is on the wire beside the host.
  if (network.bridge === undefined) return [];
  const { icc, answersOnly, masquerade } = parseBridgeOptions(network.options);
  const bridge = quoted(network.bridge);
  const elements: Element[] = [{ set: 'bridges', key: [bridge] }];
  if (icc && !answersOnly) elements.push({ set: 'within', key: [bridge, bridge] });
  if (network.internal) elements.push({ set: 'internal', key: [bridge] });
  if (answersOnly) elements.push({ set: 'answering', key: [bridge] });
  for (const { subnet, gateway } of network.subnets) {
    const family = subnet.includes(':') ? '6' : '4';
    if (hasNames(network)) {
      const responder = [gateway, `${NAMES_PORT}`];
      elements.push({ set: `names${family}`, key: [gateway, bridge], data: responder });
    }
    elements.push({ set: `home${family}`, key: [subnet, bridge] });
    if (masquerade && !network.internal) {
      elements.push({ set: `masquerade${family}`, key: [subnet] });
    }
  }
  return elements;
}

/** An endpoint's own: what it may call itself, and its published ports. */
export function endpointElements(endpoint: Endpoint, network: Network | undefined): Element[] {
  const ports = endpoint.ports.flatMap((port) => {
    const isTarget = (address: string) => isIPv4(address) === isIPv4(port.hostIp);
    const target = endpoint.addresses.find(({ address }) => isTarget(address))?.address;
    return target === undefined ? [] : portElements(port, target);
  });
  return [...originElements(endpoint, network), ...ports];
}

/**
 * A range that keeps its numbers is one interval whatever its length: destination NAT without a
 * port leaves the port alone. One that is shifted needs an element for each port.
 */
function portElements(port: PublishedPort, address: string): Element[] {
  const { protocol, hostIp, hostPort, containerPort, count } = port;
  const family = isIPv4(hostIp) ? '4' : '6';
  const everywhere = isAny(hostIp);
  if (count > 1 && hostPort === containerPort) {
    const from = everywhere ? `${hostIp}/0` : hostIp;
    const range = `${hostPort}-${hostPort + count - 1}`;
    return [{ set: `ranges${family}`, key: [protocol, from, range], data: [address] }];
  }
  return Array.from({ length: count }, (_, i) => ({
    set: everywhere ? `ports${family}_any` : `ports${family}`,
    key: [protocol, ...(everywhere ? [] : [hostIp]), `${hostPort + i}`],
    data: [address, `${containerPort + i}`],
  }));
}

/** The commands that add or delete elements, one a set. */
export function commands(verb: 'add' | 'delete', elements: readonly Element[]): string {
  const bySet = new Map<string, string[]>();
  for (const element of elements) {
    const members = bySet.get(element.set) ?? [];
    if (members.length === 0) bySet.set(element.set, members);
    members.push(verb === 'add' ? entryText(element) : keyText(element));
  }
  return Array.from(
    bySet,
    ([set, members]) =>
      `${verb} element ${familyOf(set)} hawser ${set} { ${members.join(', ')} }\n`,
  ).join('');
}

/** As nft writes it: `tcp . 80 : 10.5.0.9 . 8080`. */
export function entryText(element: Element): string {
  const { data } = element;
  return data === undefined ? keyText(element) : `${keyText(element)} : ${data.join(' . ')}`;
}

function keyText({ key }: Element): string {
  return key.join(' . ');
}

function quoted(ifname: string): string {
  return `"${ifname}"`;
}
