/** What a network's policy puts into the firewall's sets: pure data from pure data. */
import { BITS, type Family, formatAddress, parseAddress } from '../../ipam/address.ts';
import { type Interval, subnetOf } from '../../ipam/subnet.ts';
import type { Element } from '../firewall/elements.ts';
import type { Endpoint, Network } from '../model.ts';
import { type Box, disjoint } from './boxes.ts';
import { type PolicyPort, parseSelector, type Selector } from './policy.ts';

/**
 * A rule stands with each container that it is about: with the one that is connected to, or, if that
 * is anybody, with the one that connects. So a rule between many and many grows with their number
 * times the number of peers that it names, and one with `any` with their number alone.
 */
export function policyElements(network: Network, endpoints: readonly Endpoint[]): Element[] {
  const { bridge, policy } = network;
  if (bridge === undefined || policy === undefined) return [];
  const port = `"${bridge}"`;
  const elements: Element[] = [
    { set: 'policed', key: [port] },
    { set: 'inside', key: [port, port] },
  ];
  if (policy.default === 'deny') elements.push({ set: 'closed', key: [port] });
  const rules = policy.rules.map((rule) => ({
    ...rule,
    from: parseSelector(rule.from),
    to: parseSelector(rule.to),
  }));
  const members: Members = { network, endpoints };
  for (const endpoint of endpoints) {
    for (const { address } of endpoint.addresses) {
      const family: Family = address.includes(':') ? 6 : 4;
      for (const verdict of ['deny', 'allow'] as const) {
        const own = rules.filter((rule) => rule.verdict === verdict);
        const outgoing = own.filter(({ from, to }) => isBroad(to) && selects(from, endpoint));
        const incoming = own.filter(
          ({ from, to }) => (isBroad(from) || !isBroad(to)) && selects(to, endpoint),
        );
        const reach = (side: 'from' | 'to', chosen: typeof rules) =>
          disjoint(
            chosen.flatMap((rule) =>
              boxes(
                intervalsOf(rule[side === 'from' ? 'to' : 'from'], family, members),
                rule.ports,
              ),
            ),
          ).map((box) => element(`${verdict}_${side}${family}`, address, family, box));
        elements.push(...reach('from', outgoing), ...reach('to', incoming));
      }
    }
  }
  return elements;
}

interface Members {
  network: Network;
  endpoints: readonly Endpoint[];
}

/** Whether a selector may mean somebody who is no container of the network. */
function isBroad({ kind }: Selector): boolean {
  return kind === 'any' || kind === 'subnet' || kind === 'host';
}

function selects(selector: Selector, { owner, labels = {}, addresses }: Endpoint): boolean {
  switch (selector.kind) {
    case 'any':
      return true;
    case 'host':
      return false;
    case 'name':
      return selector.name === owner;
    case 'label':
      return (
        Object.hasOwn(labels, selector.key) &&
        (selector.value === undefined || labels[selector.key] === selector.value)
      );
    case 'subnet': {
      const { first, last } = subnetOf(selector.subnet);
      const isOfFamily = (address: string) =>
        address.includes(':') === selector.subnet.includes(':');
      return addresses.some(({ address }) => {
        const { value } = parseAddress(address);
        return isOfFamily(address) && first <= value && value <= last;
      });
    }
  }
}

/** The addresses of a family that a selector means. */
function intervalsOf(
  selector: Selector,
  family: Family,
  { network, endpoints }: Members,
): Interval[] {
  const single = (address: string): Interval[] => {
    const { value, family: own } = parseAddress(address);
    return own === family ? [{ first: value, last: value }] : [];
  };
  switch (selector.kind) {
    case 'any':
      return [{ first: 0n, last: (1n << BigInt(BITS[family])) - 1n }];
    case 'host':
      return network.subnets.flatMap(({ gateway }) => single(gateway));
    case 'subnet': {
      const { first, last, family: own } = subnetOf(selector.subnet);
      return own === family ? [{ first, last }] : [];
    }
    default:
      return endpoints
        .filter((endpoint) => selects(selector, endpoint))
        .flatMap(({ addresses }) => addresses.flatMap(({ address }) => single(address)));
  }
}

const NUMBER = { tcp: 6n, udp: 17n } as const; // IANA's
const ALL_PROTOCOLS: Interval = { first: 0n, last: 255n };
const ALL_PORTS: Interval = { first: 0n, last: 65_535n };

/** In three dimensions: the peer, the protocol, the port. */
function boxes(peers: readonly Interval[], ports: readonly PolicyPort[]): Box[] {
  const services: [Interval, Interval][] =
    ports.length === 0
      ? [[ALL_PROTOCOLS, ALL_PORTS]]
      : ports.map(({ protocol, first, last }) => [
          { first: NUMBER[protocol], last: NUMBER[protocol] },
          { first: BigInt(first), last: BigInt(last) },
        ]);
  return peers.flatMap((peer) => services.map(([protocol, port]) => [peer, protocol, port]));
}

function element(set: string, address: string, family: Family, box: Box): Element {
  const [peer = ALL_PORTS, protocol = ALL_PROTOCOLS, port = ALL_PORTS] = box;
  const names: Record<string, string> = { 6: 'tcp', 17: 'udp' };
  const numbers = numbersText(protocol);
  return {
    set,
    key: [address, addressesText(peer, family), names[numbers] ?? numbers, numbersText(port)],
  };
}

function numbersText({ first, last }: Interval): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

/** An address, a subnet if it is one, or from the first to the last. */
function addressesText({ first, last }: Interval, family: Family): string {
  const text = formatAddress({ family, value: first });
  if (first === last) return text;
  const size = last - first + 1n;
  const isBlock = (size & (size - 1n)) === 0n && first % size === 0n;
  if (isBlock) return `${text}/${BITS[family] - (size.toString(2).length - 1)}`;
  return `${text}-${formatAddress({ family, value: last })}`;
}
