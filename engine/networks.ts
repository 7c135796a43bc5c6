import { HawserError } from '../errors.ts';
import type { Counters, Endpoint, LeaseInfo, Network } from '../net/model.ts';
import type { ContainerRecord } from './container.ts';
import { connectContainer, disconnectContainer } from './containers/connect.ts';
import { shapeContainer } from './containers/shape.ts';
import type { Context } from './context.ts';
import type { Inspection, Networks } from './engine.ts';
import { isAlive } from './liveness.ts';
import { plain } from './names.ts';
import { isListed, type NetworkFilters } from './network-filter.ts';
import {
  findPredefined,
  isOn,
  type ListedNetwork,
  predefinedNetworks,
  refusePredefined,
} from './predefined.ts';
import { mayGo } from './prune-filter.ts';

export function openNetworks(context: Context): Networks {
  const { networking, paths, store } = context;
  const { networks } = networking;

  /** The containers that are, or at their next start will be, attached to it. */
  function users(network: ListedNetwork): ContainerRecord[] {
    return context.records.all().filter((record) => isOn(record, network));
  }

  function list(filters: NetworkFilters = {}): ListedNetwork[] {
    const made = networks.list();
    const names = new Set(made.map(({ name }) => name));
    const others = predefinedNetworks(paths.root).filter(({ name }) => !names.has(name));
    return [...made, ...others]
      .filter((network) => isListed(network, filters))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  function inspect(ref: string): Inspection {
    const predefined = findPredefined(paths.root, ref);
    const made = networks.list().find(({ name }) => name === predefined?.name);
    if (predefined !== undefined && made === undefined) return shown(predefined, [], []);
    const network = made ?? networks.get(ref, `inspect network ${plain(ref)}`);
    const endpoints = networking.endpoints({ network: network.id });
    return shown(network, endpoints, networking.leases(network.id));
  }

  function shown(network: ListedNetwork, endpoints: Endpoint[], leases: LeaseInfo[]): Inspection {
    const containers = users(network).filter((record) => isAlive(record, paths));
    const counters = networking.networkCounters([network]).get(network.id);
    return {
      ...network,
      ...(counters && { counters }),
      endpoints: endpoints.map(counted),
      leases,
      containers: containers.map(({ id, name }) => ({ id, name })),
    };
  }

  function counted(endpoint: Endpoint): Endpoint & { counters?: Counters } {
    const counters = networking.endpointCounters(endpoint);
    return counters === undefined ? endpoint : { ...endpoint, counters };
  }

  function refuseUsed(network: Network): void {
    const [user] = users(network);
    if (!user) return;
    throw new HawserError(
      'in-use',
      `remove network ${network.name}: container ${user.name} is connected to it`,
      { hint: `take it off first: hawser network disconnect ${network.name} ${user.name}` },
    );
  }

  return {
    create: (spec) => networks.create(spec),
    list,
    inspect,
    counters: () => networking.networkCounters(networks.list()),
    remove(ref) {
      refusePredefined(paths.root, ref, `remove network ${plain(ref)}`);
      return networks.remove(ref, refuseUsed);
    },
    prune: (filters = {}) =>
      store.transaction(() =>
        networks.prune((network) => users(network).length > 0 || !mayGo(network, filters)),
      ),
    connect: (network, container, options = {}) =>
      connectContainer(context, network, container, options),
    disconnect: (network, container, options = {}) =>
      disconnectContainer(context, network, container, options),
    policy: networks.policy,
    shape: (network, container, change) => shapeContainer(context, network, container, change),
  };
}
