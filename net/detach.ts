/** Taking a sandbox off its networks: never stopping at a failure, and done even if it is done. */
import { HawserError } from '../errors.ts';
import { isPinned } from '../native/netns.ts';
import { Rtnetlink } from '../native/rtnetlink/rtnetlink.ts';
import type { NetContext } from './context.ts';
import { type Element, endpointElements } from './firewall/elements.ts';
import type { Endpoint, Network } from './model.ts';
import { poolId } from './networks.ts';
import { arrival } from './policy/exchange.ts';
import { loseFlows } from './ports/flows.ts';
import { releasePorts } from './ports/held.ts';
import { expectedElements } from './repair/truth.ts';
import type { DetachRequest } from './request.ts';
import { type Crew, steer } from './routing/way-out.ts';
import { unshape } from './shaping/queues.ts';
import { attempt } from './undo.ts';

export function detach(context: NetContext, request: DetachRequest): void {
  const { sandbox, ifname, network, ending = false } = request;
  const failures = context.store.transaction(() => {
    const of =
      network === undefined
        ? undefined
        : context.records.findNetwork(network, `detach ${sandbox}`).id;
    const own = context.records.endpoints({ sandbox });
    const leaving = own.filter(
      (one) =>
        (ifname === undefined || one.ifname === ifname) && (of === undefined || one.network === of),
    );
    if (leaving.length === 0) return [];
    using rtnl = Rtnetlink.open();
    const staying = ending ? [] : own.filter((endpoint) => !leaving.includes(endpoint));
    // First, so that what holds the way out hands it on, and no packet is without one.
    const failed = attempt('course', () => handOn({ staying, leaving }, context));
    return [...failed, ...leaving.flatMap((one) => letGo(context, one, rtnl, ending))];
  });
  if (failures.length === 0) return;
  throw new HawserError('kernel', `detach ${sandbox}: ${failures.join('; ')}`, {
    hint: 'hawser system reconcile',
  });
}

/**
 * Undoes what attach did, each step whatever became of the others.
 *
 * @returns what could not be done, a line each
 */
export function letGo(
  context: NetContext,
  endpoint: Endpoint,
  rtnl: Rtnetlink,
  ending = false,
): string[] {
  const { records, ipam, store, firewall, step } = context;
  const network = records.network(endpoint.network);
  const driver = context.drivers[network?.driver ?? 'bridge'];
  const each = (name: string, work: () => void): string[] =>
    attempt(name, () => {
      work();
      step(`detach:${name}`);
    });
  // Ports first, so that no connection is led to an address that somebody else may have next.
  return [
    ...each('firewall', () => {
      const elements = endpointElements(endpoint, network);
      if (network?.policy === undefined) firewall.remove(elements);
      else leavePolicy(context, network, endpoint, elements);
      loseFlows(endpoint);
    }),
    ...each('veth', () => {
      const host = { rtnl, note: context.note };
      if (ending) driver.unhook(endpoint, host);
      else driver.unplug(endpoint, host);
    }),
    ...(endpoint.shaping === undefined ? [] : each('shaping', () => unshape(endpoint, rtnl))),
    ...each('ports', () => releasePorts(store, endpoint.ports)),
    ...each('lease', () => {
      for (const { subnet } of network?.subnets ?? [])
        ipam.release(poolId(endpoint.network, subnet), endpoint.key);
    }),
    ...each('record', () => records.removeEndpoint(endpoint)),
  ];
}

/** Those who stay have the ways out from now on. */
function handOn({ staying, leaving = [] }: Crew, { records, step }: NetContext): void {
  const [one] = staying;
  if (one === undefined || !isPinned(one.sandbox.path)) return;
  using inside = Rtnetlink.open(one.sandbox.path);
  steer({ staying, leaving }, records, inside);
  step('detach:course');
}

/** Rules that named the endpoint are written anew without it, in the transaction that takes its own away. */
function leavePolicy(
  { records, firewall }: NetContext,
  network: Network,
  endpoint: Endpoint,
  elements: Element[],
): void {
  const { gone, added } = arrival(network, records, endpoint);
  firewall.replace([...elements, ...added], gone, () => expectedElements(records, endpoint.key));
}
