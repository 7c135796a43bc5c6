/** Published ports of a sandbox are led to it by another of its endpoints, numbers and all. */
import { isIPv4 } from 'node:net';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import type { NetContext } from '../context.ts';
import { type Element, endpointElements, entryText } from '../firewall/elements.ts';
import type { Endpoint, PublishedPort } from '../model.ts';
import { expectedElements } from '../repair/truth.ts';
import { undoing } from '../undo.ts';
import { loseFlows, winFlows } from './flows.ts';
import { holdPorts, releasePorts } from './held.ts';

/**
 * Leads them by the endpoint on one network, in one transaction of the firewall; those of a family
 * that it has no address of stay where they are, since answers to them leave by another way.
 *
 * @param to the sandbox's id, and the network's; without an endpoint there, nothing is done
 */
export function leadPorts(context: NetContext, to: { sandbox: string; network: string }): void {
  context.store.transaction(() => {
    const own = context.records.endpoints({ sandbox: to.sandbox });
    const target = own.find(({ network }) => network === to.network);
    if (target === undefined) return;
    const leads = (port: PublishedPort) => hasFamily(target, port);
    const holders = own.filter((one) => one !== target && one.ports.some(leads));
    if (holders.length > 0) move(context, holders, target);
  });
}

function move(context: NetContext, holders: readonly Endpoint[], target: Endpoint): void {
  const { records, firewall, store, step, note } = context;
  const network = records.findNetwork(target.network);
  const leads = (port: PublishedPort) => hasFamily(target, port);
  const ports = holders.flatMap((one) => one.ports.filter(leads));
  const after: Endpoint = { ...target, ports: [...target.ports, ...ports] };
  const left = holders.map((one) => ({ ...one, ports: one.ports.filter((port) => !leads(port)) }));
  const elements = (endpoints: readonly Endpoint[]) =>
    endpoints.flatMap((one) => endpointElements(one, records.network(one.network)));
  const [old, now] = [elements([...holders, target]), elements([...left, after])];
  const [gone, added] = [without(old, now), without(now, old)];

  releasePorts(store, ports);
  const by = { endpoint: after.key, owner: after.owner };
  for (const port of after.ports) holdPorts(store, by, port);
  for (const one of [...left, after]) records.putEndpoint(one);
  using rtnl = Rtnetlink.open();
  undoing(step, (undo) => {
    context.drivers[network.driver].setPorts(after, network, { rtnl, note });
    undo('ports:link', () => {}); // what a link without ports has of it is harmless
    firewall.replace(gone, added, () => expectedElements(records));
    undo('ports:firewall', () => firewall.replace(added, gone, () => expectedElements(records)));
  });
  for (const one of holders) loseFlows({ ...one, ports: one.ports.filter(leads) });
  winFlows(after, rtnl);
}

function hasFamily({ addresses }: Endpoint, { hostIp }: PublishedPort): boolean {
  return addresses.some(({ address }) => isIPv4(address) === isIPv4(hostIp));
}

function without(elements: readonly Element[], others: readonly Element[]): Element[] {
  const text = (one: Element) => `${one.set} ${entryText(one)}`;
  const known = new Set(others.map(text));
  return elements.filter((one) => !known.has(text(one)));
}
