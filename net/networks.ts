/** Networks: made, removed, and the default one. */
import { createHash, randomBytes } from 'node:crypto';
import { HawserError, prefixed } from '../errors.ts';
import { Rtnetlink } from '../native/rtnetlink/rtnetlink.ts';
import { refuseOverlap, routedSubnets, subnetsOf, type TakenSubnet } from './addressing/subnets.ts';
import { wantedSubnets } from './addressing/wanted-subnets.ts';
import { attempting } from './attempting.ts';
import type { NetContext } from './context.ts';
import { DEFAULT_BRIDGE, DEFAULT_NETWORK } from './default-network.ts';
import type { Host } from './drivers/driver.ts';
import { advise, fitIn } from './firewall/beside.ts';
import { networkElements } from './firewall/elements.ts';
import type { DriverName, Network, NetworkSubnet } from './model.ts';
import { refuseSmallMtu } from './mtu.ts';
import { checkNetworkName, plain } from './names.ts';
import { policyElements } from './policy/elements.ts';
import { expectedElements } from './repair/truth.ts';
import type { NetworkSpec, SubnetSpec } from './request.ts';
import { type Undo, undoing } from './undo.ts';

/** @throws HawserError 'taken' for a name or subnet that is not free, 'invalid', 'exhausted' or 'unsupported' */
export function createNetwork(context: NetContext, spec: NetworkSpec): Network {
  if (spec.name === DEFAULT_NETWORK) {
    throw new HawserError(
      'taken',
      `create network ${DEFAULT_NETWORK}: it is the default network, made at its first use`,
    );
  }
  checkNetworkName(spec.name);
  return context.store.transaction(() => make(context, spec));
}

/** The default network, made if this is its first use. */
export function ensureDefaultNetwork(context: NetContext): Network {
  const present = context.records.networkNamed(DEFAULT_NETWORK);
  if (present !== undefined) return present;
  return context.store.transaction(
    () =>
      context.records.networkNamed(DEFAULT_NETWORK) ??
      make(
        context,
        { name: DEFAULT_NETWORK, options: { 'com.docker.network.bridge.name': DEFAULT_BRIDGE } },
        context.defaultNetworkId,
      ),
  );
}

/**
 * @param check refuses by throwing, within the transaction
 * @throws HawserError 'not-found', or 'in-use' naming who is attached
 */
export function removeNetwork(
  context: NetContext,
  ref: string,
  check: (network: Network) => void = () => {},
): Network {
  return context.store.transaction(() => {
    const network = context.records.findNetwork(ref, `remove network ${plain(ref)}`);
    if (network.name === DEFAULT_NETWORK) {
      throw new HawserError('invalid', `remove network ${network.name}: it is the default network`);
    }
    check(network);
    const attached = context.records.endpoints({ network: network.id });
    if (attached.length > 0) {
      const names = [...new Set(attached.map(({ owner }) => owner))].join(', ');
      throw new HawserError('in-use', `remove network ${network.name}: it has ${names} attached`, {
        hint: `see: hawser network disconnect ${network.name} NAME`,
      });
    }
    using rtnl = Rtnetlink.open();
    unmakeNetwork(context, network, rtnl);
    return network;
  });
}

/** Removes those that nobody is attached to, but for the default one and those to keep; says which. */
export function pruneNetworks(
  context: NetContext,
  keep: (network: Network) => boolean = () => false,
): Network[] {
  return context.store.transaction(() => {
    const unused = context.records
      .networks()
      .filter(
        ({ name, id }) =>
          name !== DEFAULT_NETWORK && context.records.endpoints({ network: id }).length === 0,
      )
      .filter((network) => !keep(network));
    using rtnl = Rtnetlink.open();
    for (const network of unused) unmakeNetwork(context, network, rtnl);
    return unused;
  });
}

function make(context: NetContext, spec: NetworkSpec, id = networkId()): Network {
  const attempt = `create network ${spec.name}`;
  const { records, step } = context;
  if (records.networkNamed(spec.name) !== undefined) {
    throw new HawserError('taken', `${attempt}: there is a network of that name already`);
  }
  using rtnl = Rtnetlink.open();
  const host: Host = { rtnl, note: context.note };
  return undoing(step, (undo) => {
    const network = plan(context, spec, id, host, attempt, undo);
    records.putNetwork(network);
    undo('network:record', () => records.removeNetwork(network));
    const elements = networkElements(network);
    prefixed(attempt, () => context.firewall.add(elements, () => expectedElements(records)));
    undo('network:firewall', () => context.firewall.remove(elements));
    // After the firewall, without which the host had better not forward.
    const driver = context.drivers[network.driver];
    attempting(attempt, () => driver.ensure(network, host));
    undo('network:link', () => driver.remove(network, host, records.networks()));
    if (network.bridge !== undefined) {
      fitIn(context);
      undo('network:beside', () => {
        records.removeNetwork(network);
        fitIn(context);
      });
      advise(network, context.note);
    }
    context.store.ifLost(() => {
      using rtnl = Rtnetlink.open();
      unmakeNetwork(context, network, rtnl);
    });
    return network;
  });
}

/** Removes a network that nothing is attached to; what is already gone of it is success. */
export function unmakeNetwork(context: NetContext, network: Network, rtnl: Rtnetlink): void {
  context.firewall.remove([...networkElements(network), ...policyElements(network, [])]);
  context.step('network:firewall-gone');
  const host = { rtnl, note: context.note };
  context.drivers[network.driver].remove(network, host, context.records.networks());
  context.step('network:link-gone');
  for (const { subnet } of network.subnets) context.ipam.removePool(poolId(network.id, subnet));
  context.records.removeNetwork(network);
  context.step('network:record-gone');
  if (network.bridge !== undefined) fitIn(context);
  context.step('network:beside-gone');
}

/** The network as it will be, everything checked, and its pools made. */
function plan(
  context: NetContext,
  spec: NetworkSpec,
  id: string,
  host: Host,
  attempt: string,
  undo: Undo,
): Network {
  const driver = driverOf(context, spec, attempt);
  const others = context.records.networks();
  const sketch: Network = {
    id,
    name: spec.name,
    driver,
    created: new Date().toISOString(),
    internal: spec.internal ?? false,
    subnets: [],
    options: { ...spec.options },
    labels: { ...spec.labels },
  };
  const network = attempting(attempt, () => context.drivers[driver].design(sketch, others, host));
  const routed = spec.ignoreHostRoutes
    ? []
    : routedSubnets([...others, network], host.rtnl, network.parent);
  const taken = [...subnetsOf(others), ...routed];
  const keepsFirst = ![...others, network].some(({ name }) => name === DEFAULT_NETWORK);
  const asked = prefixed(attempt, () => wantedSubnets(context.store, spec, taken, keepsFirst));
  const claimed = [...taken];
  for (const one of asked) {
    const subnet = claim(context, id, one, claimed, attempt);
    undo('network:pool', () => context.ipam.removePool(poolId(id, subnet.subnet)));
    claimed.push({ subnet: subnet.subnet, by: 'the same network' });
    network.subnets.push(subnet);
  }
  prefixed(attempt, () => refuseSmallMtu(network));
  return network;
}

/** A pool for a subnet; the pool's own checks come first, since they judge the text. */
function claim(
  { ipam }: NetContext,
  network: string,
  spec: SubnetSpec,
  taken: readonly TakenSubnet[],
  attempt: string,
): NetworkSubnet {
  const pool = prefixed(attempt, () => ipam.addPool({ ...spec, id: poolId(network, spec.subnet) }));
  try {
    refuseOverlap(pool.subnet, taken, attempt);
    if (pool.gateway === null)
      throw new HawserError('invalid', `${attempt}: ${pool.subnet} has no gateway`);
  } catch (error) {
    ipam.removePool(pool.id);
    throw error;
  }
  const { subnet, gateway, range, aux } = pool;
  return { subnet, gateway, aux, ...(range !== undefined && { range }) };
}

/** Which pool a network's subnet is. */
export function poolId(network: string, subnet: string): string {
  return `${network}/${subnet}`;
}

function driverOf(
  { drivers }: NetContext,
  { driver = 'bridge' }: NetworkSpec,
  attempt: string,
): DriverName {
  const names = Object.values(drivers).map(({ name }) => name);
  const found = names.find((name) => name === driver);
  if (found !== undefined) return found;
  throw new HawserError(
    'invalid',
    `${attempt}: there is no driver ${JSON.stringify(driver)}; there are ${names.join(', ')}`,
  );
}

function networkId(): string {
  return createHash('sha256').update(randomBytes(32)).digest('hex');
}
