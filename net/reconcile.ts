/**
 * The store against the kernel, both ways. What is of hawser's making and belongs to no record goes;
 * what a record says should exist and does not is made again where that can be done without the
 * container: bridges, addresses, links, the firewall's table.
 */
import { HawserError } from '../errors.ts';
import { isPinned } from '../native/netns.ts';
import { Rtnetlink } from '../native/rtnetlink/rtnetlink.ts';
import { inKernelWords } from './attempting.ts';
import type { NetContext } from './context.ts';
import { letGo } from './detach.ts';
import type { Host } from './drivers/driver.ts';
import { noteForeignPolicy } from './firewall/foreign.ts';
import { dropReservation, reservations } from './held-ports.ts';
import { ownership } from './kernel-names.ts';
import type { Endpoint, Sandbox } from './model.ts';
import { poolId } from './networks.ts';
import type { Repair } from './request.ts';
import { noteShadowed } from './shadowed.ts';
import { expectedElements } from './truth.ts';
import { undoing } from './undo.ts';

/**
 * @param sandboxes those that may have no endpoint, and yet something in them
 * @returns what was done, in the order in which it was done; nothing if all was well
 */
export function reconcile(context: NetContext, sandboxes: readonly Sandbox[] = []): Repair[] {
  return context.store.transaction(() => {
    using rtnl = Rtnetlink.open();
    const host: Host = { rtnl, note: context.note };
    noteForeignPolicy(context.note);
    noteShadowed(context.records.endpoints(), context.note);
    return [
      ...letDeadGo(context, rtnl),
      ...removeStrayLinks(context, rtnl),
      ...removeStraysInside(context, sandboxes),
      ...restoreNetworks(context, host),
      ...restoreEndpoints(context, host),
      ...releaseStrayLeases(context),
      ...releaseStrayPorts(context),
      ...repairFirewall(context),
    ];
  });
}

/** Endpoints whose namespace is gone: after a reboot, all of them. */
function letDeadGo(context: NetContext, rtnl: Rtnetlink): Repair[] {
  return context.records
    .endpoints()
    .filter(({ sandbox }) => !isPinned(sandbox.path))
    .flatMap((endpoint) => {
      const failures = letGo(context, endpoint, rtnl);
      const what = `detached ${endpoint.owner} (${endpoint.ifname}): its namespace ${endpoint.sandbox.path} is gone`;
      return [
        { kind: 'endpoint', what },
        ...failures.map((failure) => ({ kind: 'endpoint', what: failure })),
      ];
    });
}

function removeStrayLinks({ records }: NetContext, rtnl: Rtnetlink): Repair[] {
  const hostIfnames = new Set(records.endpoints().map(({ hostIfname }) => hostIfname));
  const shared = new Set(records.networks().flatMap(({ bridge, parent }) => [bridge, parent]));
  return rtnl.links().flatMap((link) => {
    const owned = ownership(link);
    if (owned === undefined) return [];
    const isShared = 'network' in owned;
    if (isShared ? shared.has(link.name) : hostIfnames.has(link.name)) return [];
    rtnl.removeLink(link.name);
    return isShared
      ? [{ kind: 'bridge', what: `removed ${link.kind} ${link.name}: no network has it` }]
      : [{ kind: 'link', what: `removed link ${link.name}: no endpoint has it` }];
  });
}

/** Links without an end on the host show only in the sandbox. */
function removeStraysInside({ records }: NetContext, sandboxes: readonly Sandbox[]): Repair[] {
  const known = [...sandboxes, ...records.endpoints().map(({ sandbox }) => sandbox)];
  const paths = new Set(known.map(({ path }) => path).filter(isPinned));
  return [...paths].flatMap((path) => {
    using inside = Rtnetlink.open(path);
    return inside.links().flatMap((link) => {
      const owned = ownership(link);
      if (owned === undefined || !('endpoint' in owned)) return [];
      if (records.endpoint(owned.endpoint) !== undefined) return [];
      inside.removeLink(link.index);
      return [{ kind: 'link', what: `removed link ${link.name} in ${path}: no endpoint has it` }];
    });
  });
}

function restoreNetworks({ records, drivers }: NetContext, host: Host): Repair[] {
  return records
    .networks()
    .flatMap((network) => drivers[network.driver].restore(network, host))
    .map((what) => ({ kind: 'bridge', what }));
}

function restoreEndpoints(context: NetContext, host: Host): Repair[] {
  return context.records
    .endpoints()
    .flatMap((endpoint) => restoreEndpoint(context, endpoint, host));
}

/** A link that is gone is made anew; one that has only lost its bridge goes back to it. */
function restoreEndpoint(context: NetContext, endpoint: Endpoint, host: Host): Repair[] {
  const network = context.records.network(endpoint.network);
  if (network === undefined) {
    letGo(context, endpoint, host.rtnl);
    return [
      {
        kind: 'endpoint',
        what: `detached ${endpoint.owner} (${endpoint.ifname}): its network is gone`,
      },
    ];
  }
  const driver = context.drivers[network.driver];
  using inside = Rtnetlink.open(endpoint.sandbox.path);
  if (driver.isPlugged(endpoint, network, { ...host, inside })) return [];
  const who = `${endpoint.owner} (${endpoint.ifname})`;
  try {
    inKernelWords(() =>
      undoing(context.step, (undo) => driver.plug(endpoint, network, { ...host, inside }, undo)),
    );
    return [{ kind: 'endpoint', what: `joined ${who} to ${network.name} again` }];
  } catch (error) {
    if (!(error instanceof HawserError)) throw error;
    return [{ kind: 'endpoint', what: `${who} is off ${network.name}: ${error.message}` }];
  }
}

function releaseStrayLeases({ ipam, records }: NetContext): Repair[] {
  const pools = new Set(
    records
      .networks()
      .flatMap(({ id, subnets }) => subnets.map(({ subnet }) => poolId(id, subnet))),
  );
  return ipam.pools().flatMap(({ id, subnet }) => {
    const stray = ipam.reclaim(id, (owner) => records.endpoint(owner) !== undefined);
    const released = stray.map(({ address, owner }) => ({
      kind: 'lease',
      what: `released ${address}: its owner ${owner} is no endpoint`,
    }));
    if (pools.has(id)) return released;
    ipam.removePool(id);
    return [...released, { kind: 'pool', what: `removed the pool ${subnet}: no network has it` }];
  });
}

function releaseStrayPorts({ store, records }: NetContext): Repair[] {
  return Array.from(reservations(store))
    .filter(({ endpoint }) => records.endpoint(endpoint) === undefined)
    .map(({ key, endpoint }) => {
      dropReservation(store, key);
      return { kind: 'port', what: `released port ${key}: its holder ${endpoint} is no endpoint` };
    });
}

function repairFirewall({ records, firewall }: NetContext): Repair[] {
  const expected = expectedElements(records);
  const differences = firewall.differences(expected);
  if (differences.length === 0) return [];
  firewall.rebuild(expected);
  return differences.map((what) => ({
    kind: 'firewall',
    what: `rebuilt ${what}`,
  }));
}
