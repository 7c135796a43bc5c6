/** Where the store finds endpoints by name and by address, kept in step with their records. */
import type { Store } from '../../store/store.ts';
import type { Endpoint } from '../model.ts';

export interface Directory {
  /** Another number after every change of any endpoint, by any process. */
  revision(): number;
  /** Keys of the endpoints on a network (its id) that go by a name, in key order. */
  named(network: string, name: string): string[];
  /** Keys of the endpoints with an address, which are several only where networks overlap. */
  at(address: string): string[];
  /** Whether any endpoint has a name. */
  isEmpty(): boolean;
  /** Both inside a transaction. */
  put(endpoint: Endpoint): void;
  remove(endpoint: Endpoint): void;
}

const CURRENT = 'current';

export function openDirectory(store: Store): Directory {
  /** `<network id>/<name>/<endpoint key>`; a name holds no slash. */
  const names = store.table<true>('names');
  /** `<address>/<endpoint key>`. */
  const addresses = store.table<true>('addresses');
  const revisions = store.table<number>('names-revision');
  const revision = () => revisions.get(CURRENT) ?? 0;

  function change(endpoint: Endpoint, each: (table: typeof names, key: string) => void): void {
    const { key, network } = endpoint;
    for (const name of endpoint.names ?? []) each(names, `${network}/${name}/${key}`);
    for (const { address } of endpoint.addresses) each(addresses, `${address}/${key}`);
    revisions.put(CURRENT, revision() + 1);
  }

  const suffixes = (table: typeof names, prefix: string) =>
    Array.from(table.entries({ prefix }), ([key]) => key.slice(prefix.length));

  return {
    revision,
    named: (network, name) => suffixes(names, `${network}/${name}/`),
    at: (address) => suffixes(addresses, `${address}/`),
    isEmpty: () => Array.from(names.entries({ limit: 1 })).length === 0,
    put: (endpoint) => change(endpoint, (table, key) => table.put(key, true)),
    remove: (endpoint) => change(endpoint, (table, key) => table.remove(key)),
  };
}
