/**
 * The network layer's front: what the engine (and a program that brings its own namespaces) calls.
 * Everything here is synchronous, and every change is one transaction of the store that ends when
 * the kernel is as the store says: when a call returns, it is done; when it throws, nothing changed.
 */
import type { Ipam } from '../ipam/ipam.ts';
import type { Store } from '../store/store.ts';
import { attach } from './attach.ts';
import type { NetContext } from './context.ts';
import { detach } from './detach.ts';
import { bridgeDriver } from './drivers/bridge.ts';
import { openFirewall } from './firewall/firewall.ts';
import type { Endpoint, Network, NetworkSubnet, PortRequest, Sandbox } from './model.ts';
import { createNetwork, ensureDefaultNetwork, pruneNetworks, removeNetwork } from './networks.ts';
import { reconcile } from './reconcile.ts';
import { openRecords } from './records.ts';
import { reload, teardown } from './teardown.ts';

export interface NetworkingOptions {
  store: Store;
  ipam: Ipam;
  /** Told the name of each kernel step just done: for --debug, and for tests that fail there. */
  onStep?: (step: string) => void;
  /** Told of what was changed or found beyond the request: ip_forward, another firewall's policy. */
  onNote?: (sentence: string) => void;
}

/** What a network is to be; all but the name has a default. */
export interface NetworkSpec {
  name: string;
  /** Only `bridge` so far. */
  driver?: string;
  internal?: boolean;
  /** Default: the first of the default pools that overlaps with nothing. */
  subnets?: SubnetSpec[];
  /** Docker's names: com.docker.network.driver.mtu, ... */
  options?: Record<string, string>;
  labels?: Record<string, string>;
}

/** Default gateway: the subnet's first address. */
export type SubnetSpec = Pick<NetworkSubnet, 'subnet'> & Partial<NetworkSubnet>;

export interface AttachRequest {
  /** A network by name, id or unambiguous prefix of the id. */
  network: string;
  sandbox: Sandbox;
  /** For people: the container's name. */
  owner: string;
  /** Default: the first free of eth0, eth1, ... */
  ifname?: string;
  /** A requested address, IPv4 or IPv6, in one of the network's subnets. */
  ip?: string;
  /** Default: derived from the address, so that it outlives a restart. */
  mac?: string;
  ports?: PortRequest[];
  aliases?: string[];
}

/** Which of a sandbox's endpoints: all, or the one on a network, or the one of a name. */
export interface DetachRequest {
  /** The sandbox's id. */
  sandbox: string;
  ifname?: string;
  network?: string;
  /**
   * The caller ends the namespace right after this, and the links may go with it: they are taken off
   * their network now, and the kernel removes them in its own time. Saves the wait of some 10 ms
   * that each removal of a link costs (docs/decisions/ending-a-sandbox.md).
   */
  ending?: boolean;
}

export interface EndpointFilter {
  /** A network by name, id or prefix. */
  network?: string;
  /** A sandbox's id. */
  sandbox?: string;
}

/** Something that was not as it should be, and what was done about it. */
export interface Repair {
  /** What kind of thing: `link`, `bridge`, `firewall`, `endpoint`, `lease`, `port`. */
  kind: string;
  /** A sentence: `removed link hv0a1b…: no endpoint has it`. */
  what: string;
}

export interface Networks {
  /** @throws HawserError 'invalid', or 'taken' naming what the name or a subnet conflicts with */
  create(spec: NetworkSpec): Network;
  list(): Network[];
  /**
   * By name, id, or an id's unambiguous beginning.
   *
   * @param attempt begins the sentence of a failure: `remove network blue`
   * @throws HawserError 'not-found'
   */
  get(ref: string, attempt?: string): Network;
  /** @throws HawserError 'in-use' naming who is attached; 'invalid' for the default network */
  remove(ref: string): Network;
  /** Removes user networks that nothing is attached to, except those to `keep`; says which. */
  prune(keep?: (network: Network) => boolean): Network[];
  /** The network `bridge`, made at its first use. */
  ensureDefault(): Network;
}

export interface Networking {
  networks: Networks;
  /**
   * Moors a sandbox to a network. Attaching what is already attached alike returns that endpoint.
   *
   * @throws HawserError with the cause in a sentence; the kernel and the store are as before.
   */
  attach(request: AttachRequest): Endpoint;
  /**
   * Lets endpoints go. What is already gone is success, a vanished namespace too. It goes on past
   * failures and reports them together at the end; the records are removed all the same.
   */
  detach(request: DetachRequest): void;
  endpoints(filter?: EndpointFilter): Endpoint[];
  /**
   * Compares the store with the kernel both ways, mends what it can, and tells what it did: after
   * a crash, a reboot, or a hand that changed things.
   */
  reconcile(): Repair[];
  /** Rebuilds the firewall's table from the store, in one transaction; `user` chain untouched. */
  reload(): void;
  /** Removes everything: endpoints, networks, the default one included, and the firewall's table. */
  teardown(): void;
}

/** Opens the network layer over a store; touches nothing until it is used. */
export function openNetworking(options: NetworkingOptions): Networking {
  const context: NetContext = {
    store: options.store,
    ipam: options.ipam,
    records: openRecords(options.store),
    firewall: openFirewall(),
    drivers: { bridge: bridgeDriver },
    step: options.onStep ?? (() => {}),
    note: options.onNote ?? (() => {}),
  };
  return {
    networks: {
      create: (spec) => createNetwork(context, spec),
      list: () => context.records.networks(),
      get: (ref, attempt = 'find a network') => context.records.findNetwork(ref, attempt),
      remove: (ref) => removeNetwork(context, ref),
      prune: (keep) => pruneNetworks(context, keep),
      ensureDefault: () => ensureDefaultNetwork(context),
    },
    attach: (request) => attach(context, request),
    detach: (request) => detach(context, request),
    endpoints: ({ sandbox, network } = {}) =>
      context.records.endpoints({
        ...(sandbox !== undefined && { sandbox }),
        ...(network !== undefined && {
          network: context.records.findNetwork(network, 'list endpoints').id,
        }),
      }),
    reconcile: () => reconcile(context),
    reload: () => reload(context),
    teardown: () => teardown(context),
  };
}
