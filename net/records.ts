/** What the network layer keeps in the store, and the indexes it finds it by. */
import { HawserError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import type { NetworkChange } from './change.ts';
import { openDirectory } from './dns/directory.ts';
import type { Endpoint, Network } from './model.ts';
import { shown } from './names.ts';

export interface Records {
  networks(): Network[];
  /** By exact id. */
  network(id: string): Network | undefined;
  /** By name, id, or an id's unambiguous beginning; `attempt` begins the sentence of a failure. */
  findNetwork(ref: string, attempt?: string): Network;
  networkNamed(name: string): Network | undefined;
  putNetwork(network: Network): void;
  removeNetwork(network: Network): void;

  endpoint(key: string): Endpoint | undefined;
  /** In key order; of one network (its id), of one sandbox (its id), or all. */
  endpoints(of?: { network?: string; sandbox?: string }): Endpoint[];
  putEndpoint(endpoint: Endpoint): void;
  removeEndpoint(endpoint: Endpoint): void;
}

/** @param tell is called within the transaction that changes something */
export function openRecords(
  store: Store,
  tell: (change: NetworkChange) => void = () => {},
): Records {
  const networks = store.table<Network>('networks');
  const idByName = store.table<string>('network-names');
  const endpoints = store.table<Endpoint>('endpoints');
  /** `<network id>/<endpoint key>`, so that a network's endpoints are found without looking at all. */
  const members = store.table<true>('network-endpoints');
  const directory = openDirectory(store);

  function networkNamed(name: string): Network | undefined {
    const id = name === '' || name.length > 128 ? undefined : idByName.get(name);
    return id === undefined ? undefined : networks.get(id);
  }

  function* endpointsOf(networkId: string): Iterable<Endpoint> {
    for (const [member] of members.entries({ prefix: `${networkId}/` })) {
      const endpoint = endpoints.get(member.slice(networkId.length + 1));
      if (endpoint !== undefined) yield endpoint;
    }
  }

  return {
    networks: () => Array.from(networks.entries(), ([, network]) => network),
    network: (id) => networks.get(id),
    networkNamed,

    findNetwork(ref, attempt) {
      const before = attempt === undefined ? '' : `${attempt}: `;
      const exact = networkNamed(ref);
      if (exact) return exact;
      const matches = /^[0-9a-f]{1,64}$/.test(ref)
        ? Array.from(networks.entries({ prefix: ref, limit: 2 }), ([, network]) => network)
        : [];
      const [match, other] = matches;
      if (match === undefined) {
        throw new HawserError('not-found', `${before}there is no network ${shown(ref)}`, {
          hint: 'see: hawser network ls',
        });
      }
      if (other === undefined) return match;
      throw new HawserError(
        'not-found',
        `${before}${shown(ref)} begins the ids of several networks, ${match.name} and ${other.name} among them`,
      );
    },

    putNetwork(network) {
      const isNew = networks.get(network.id) === undefined;
      idByName.put(network.name, network.id);
      networks.put(network.id, network);
      if (isNew) tell({ action: 'create', network });
    },
    removeNetwork(network) {
      idByName.remove(network.name);
      if (networks.remove(network.id)) tell({ action: 'destroy', network });
    },

    endpoint: (key) => endpoints.get(key),
    endpoints({ network, sandbox } = {}) {
      const range = sandbox === undefined ? {} : { prefix: `${sandbox}/` };
      const found =
        network !== undefined && sandbox === undefined
          ? Array.from(endpointsOf(network))
          : Array.from(endpoints.entries(range), ([, endpoint]) => endpoint);
      return network === undefined ? found : found.filter((one) => one.network === network);
    },
    putEndpoint(endpoint) {
      const before = endpoints.get(endpoint.key);
      if (before !== undefined) directory.remove(before);
      directory.put(endpoint);
      endpoints.put(endpoint.key, endpoint);
      members.put(`${endpoint.network}/${endpoint.key}`, true);
      if (before !== undefined) return;
      tell({ action: 'connect', network: networks.get(endpoint.network), endpoint });
    },
    removeEndpoint(endpoint) {
      directory.remove(endpoint);
      members.remove(`${endpoint.network}/${endpoint.key}`);
      if (!endpoints.remove(endpoint.key)) return;
      tell({ action: 'disconnect', network: networks.get(endpoint.network), endpoint });
    },
  };
}
