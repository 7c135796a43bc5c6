/**
 * The store against the kernel, both ways: what is of hawser's making and belongs to no record, and
 * what a record says should exist and does not, or not as it was made. All of it can be mended
 * without the containers; see docs/repair.md.
 */
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { causeOfDeath } from '../addressing/proof.ts';
import { inKernelWords } from '../attempting.ts';
import type { NetContext } from '../context.ts';
import { letGo } from '../detach.ts';
import { besideDifferences } from '../firewall/beside.ts';
import type { Endpoint, Network, Sandbox } from '../model.ts';
import { noteShadowed } from '../ports/shadowed.ts';
import { courseDifferences, steer } from '../routing/way-out.ts';
import { shapingDifferences } from '../shaping/differences.ts';
import { undoing } from '../undo.ts';
import { type Difference, mendedOnce } from './difference.ts';
import { strayAddresses, strayLeases, strayLinks, strayLinksInside, strayPorts } from './strays.ts';
import { expectedElements } from './truth.ts';

/**
 * Looks, and changes nothing; notes what stands in the way and is not hawser's. To be called, and its
 * finds mended, in one transaction of the store: nobody else is halfway through anything then.
 *
 * @param sandboxes those that may have no endpoint, and yet something in them
 * @param apart ids of sandboxes that cannot be looked into, and are not lost
 */
export function differences(
  context: NetContext,
  sandboxes: readonly Sandbox[],
  apart: ReadonlySet<string> = new Set<string>(),
): Difference[] {
  const { records, note } = context;
  const endpoints = records.endpoints();
  noteShadowed(endpoints, note);
  const isLost = (one: Endpoint) => causeOfLoss(context, one) !== undefined;
  const seen = endpoints.filter(({ sandbox }) => !apart.has(sandbox.id));
  const living = seen.filter((one) => !isLost(one));
  // In this order: what has ended and what is stray is out of the way of what is made anew, links come
  // before what stands on them. What keeps something else in the kernel adds its own comparison here.
  return distinct([
    ...seen.filter(isLost).map((one) => lost(context, one)),
    ...strayLinks(context),
    ...strayLinksInside(context, sandboxes),
    ...strayAddresses(context),
    ...ofNetworks(context, living),
    ...living.flatMap((one) => ofEndpoint(context, one)),
    ...ofRoutes(context, living),
    ...shapingDifferences(living),
    ...strayLeases(context),
    ...strayPorts(context),
    ...ofFirewall(context),
    ...besideDifferences(context),
  ]);
}

/** Networks share some of what they need of the host. */
function distinct(found: Difference[]): Difference[] {
  return [...new Map(found.map((one) => [one.what, one])).values()];
}

function causeOfLoss(context: NetContext, endpoint: Endpoint): string | undefined {
  const isHomeless = context.records.network(endpoint.network) === undefined;
  return causeOfDeath(context, endpoint) ?? (isHomeless ? 'its network is gone' : undefined);
}

/** After a reboot, all endpoints. */
function lost(context: NetContext, endpoint: Endpoint): Difference {
  const { owner, ifname } = endpoint;
  return {
    kind: 'endpoint',
    what: `${owner} (${ifname}): ${causeOfLoss(context, endpoint)}`,
    mend() {
      using rtnl = Rtnetlink.open();
      const failures = letGo(context, endpoint, rtnl);
      if (failures.length > 0) throw new Error(failures.join('; '));
    },
  };
}

function ofNetworks({ records, drivers, note }: NetContext, living: Endpoint[]): Difference[] {
  using rtnl = Rtnetlink.open();
  return records.networks().flatMap((network) => {
    const own = living.filter((one) => one.network === network.id);
    return drivers[network.driver].differences(network, own, { rtnl, note });
  });
}

function ofEndpoint(context: NetContext, endpoint: Endpoint): Difference[] {
  const { records, drivers, note } = context;
  const network = records.network(endpoint.network);
  if (network === undefined) return [];
  using rtnl = Rtnetlink.open();
  using inside = Rtnetlink.open(endpoint.sandbox.path);
  const join = joining(context, endpoint, network);
  return drivers[network.driver].endpointDifferences(
    endpoint,
    network,
    { rtnl, inside, note },
    join,
  );
}

/** A link that is gone is made anew; who is in the sandbox sees it come back. */
function joining(context: NetContext, endpoint: Endpoint, network: Network): Difference {
  const { drivers, records, note, step } = context;
  return {
    kind: 'endpoint',
    what: `${endpoint.owner} (${endpoint.ifname}) has no link to ${network.name}`,
    mend() {
      using rtnl = Rtnetlink.open();
      using inside = Rtnetlink.open(endpoint.sandbox.path);
      const between = { rtnl, inside, note };
      inKernelWords(() =>
        undoing(step, (undo) => drivers[network.driver].plug(endpoint, network, between, undo)),
      );
      const crew = records.endpoints({ sandbox: endpoint.sandbox.id });
      const staying = crew.filter(({ ifname }) => inside.link(ifname) !== undefined);
      steer({ staying }, records, inside);
    },
  };
}

/** A link that is gone is joined again with its routes. */
function ofRoutes({ records }: NetContext, living: Endpoint[]): Difference[] {
  const paths = new Set(living.map(({ sandbox }) => sandbox.path));
  return [...paths].flatMap((path) => {
    using inside = Rtnetlink.open(path);
    const crew = living.filter(({ sandbox }) => sandbox.path === path);
    if (crew.some(({ ifname }) => inside.link(ifname) === undefined)) return [];
    return courseDifferences(crew, records, inside);
  });
}

function ofFirewall({ records, firewall }: NetContext): Difference[] {
  const found = firewall.differences(expectedElements(records));
  return mendedOnce('firewall', found, () => firewall.rebuild(expectedElements(records)));
}
