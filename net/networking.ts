/**
 * The network layer's front: what the engine (and a program that brings its own namespaces) calls.
 * Everything here is synchronous, and every change is one transaction of the store that ends when
 * the kernel is as the store says: when a call returns, it is done; when it throws, nothing changed.
 */
import type { Ipam } from '../ipam/ipam.ts';
import type { Store } from '../store/store.ts';
import { leasesOf } from './addressing/lease-list.ts';
import { openPools, type Pools } from './addressing/pools.ts';
import { attach } from './attach.ts';
import type { NetworkChange } from './change.ts';
import type { NetContext } from './context.ts';
import { endpointCounters, networkCounters } from './counters.ts';
import { detach } from './detach.ts';
import { bridgeDriver } from './drivers/bridge.ts';
import { ipvlanDriver, macvlanDriver } from './drivers/stacked.ts';
import { openFirewall } from './firewall/firewall.ts';
import type { Counters, Endpoint, LeaseInfo, Network, Sandbox } from './model.ts';
import { createNetwork, ensureDefaultNetwork, pruneNetworks, removeNetwork } from './networks.ts';
import { addRule, policyOf, removeRules, replacePolicy, setDefault } from './policy/change.ts';
import type { Policy, PolicyRule, PolicyRuleRequest, Verdict } from './policy/policy.ts';
import { leadPorts } from './ports/lead.ts';
import { openRecords } from './records.ts';
import { type Difference, mended } from './repair/difference.ts';
import { differences } from './repair/reconcile.ts';
import type {
  AttachRequest,
  DetachRequest,
  EndpointFilter,
  NetworkSpec,
  ReconcileOptions,
  Repair,
  ShapeRequest,
} from './request.ts';
import { reshape } from './shaping/shape.ts';
import { reload, teardown } from './teardown.ts';

export interface NetworkingOptions {
  store: Store;
  ipam: Ipam;
  /** What the default network is to have for its id; default a random one. */
  defaultNetworkId?: string;
  /** Told what becomes of networks, within the transaction: it is done if that is kept. */
  onChange?: (change: NetworkChange) => void;
  /** Whether whoever is in a sandbox lives on, though its pin is gone or another's; default: no. */
  outlivesPin?: (sandbox: Sandbox) => boolean;
  /** Told the name of each kernel step just done: for --debug, and for tests that fail there. */
  onStep?: (step: string) => void;
  /** Told of what was changed or found beyond the request: ip_forward, another firewall's policy. */
  onNote?: (sentence: string) => void;
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
  /**
   * @param check is called before anything is done; what it throws refuses the removal
   * @throws HawserError 'in-use' naming who is attached; 'invalid' for the default network
   */
  remove(ref: string, check?: (network: Network) => void): Network;
  /** Removes user networks that nothing is attached to, except those to `keep`; says which. */
  prune(keep?: (network: Network) => boolean): Network[];
  policy: Policies;
  /** The network `bridge`, made at its first use. */
  ensureDefault(): Network;
}

/** Who may begin a connection to whom, on networks by name, id or prefix; a change cuts what it denies. */
export interface Policies {
  of(network: string): Policy;
  /** What becomes of what no rule speaks of. */
  setDefault(network: string, verdict: Verdict): void;
  /** @throws HawserError 'invalid' for a selector or port, 'unsupported' where nothing can be filtered */
  add(network: string, rule: PolicyRuleRequest): PolicyRule;
  /** @param ids the rules' numbers; all if undefined */
  remove(network: string, ids?: readonly number[]): void;
  /** Another policy in the place of the one there is, in one transaction. */
  replace(
    network: string,
    policy: { default: Verdict; rules: readonly PolicyRuleRequest[] },
  ): Policy;
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
  /** Changes how fast an endpoint may be, at once. @throws HawserError; then nothing has changed */
  shape(request: ShapeRequest): Endpoint;
  endpoints(filter?: EndpointFilter): Endpoint[];
  /**
   * Has all published ports of a sandbox (its id) led to it by its endpoint on one network (its id),
   * as the way out moves there.
   */
  leadPorts(to: { sandbox: string; network: string }): void;
  /** Who has which address of a network (by name, id or prefix), and whether they live. */
  leases(network: string): LeaseInfo[];
  /** What networks without a subnet of their own get theirs from. */
  pools: Pools;
  /** What an endpoint's interface has carried; undefined if it is gone. */
  endpointCounters(endpoint: Endpoint): Counters | undefined;
  /** What the host has exchanged with networks over their bridges, by the networks' ids. */
  networkCounters(networks: readonly Pick<Network, 'id' | 'bridge'>[]): Map<string, Counters>;
  /**
   * Compares the store with the kernel both ways, and mends what differs: after a crash, a reboot,
   * or a hand that changed things.
   *
   * @param sandboxes those that may have no endpoint, and yet what an attach that was killed left in them
   * @returns all that differed, in the order in which it was mended; nothing if all is well
   */
  reconcile(sandboxes?: readonly Sandbox[], options?: ReconcileOptions): Repair[];
  /**
   * The first half of `reconcile`, for those who have more to compare: both in one transaction.
   *
   * @param apart ids of sandboxes that cannot be looked into, and are not lost
   */
  differences(sandboxes?: readonly Sandbox[], apart?: ReadonlySet<string>): Difference[];
  /** Rebuilds the firewall's table from the store, in one transaction; `user` chain untouched. */
  reload(): void;
  /** Removes everything: endpoints, networks, the default one included, and the firewall's table. */
  teardown(): void;
  /** Lets go of what is kept open in the kernel; the store is its owner's to close. */
  close(): void;
}

/** Opens the network layer over a store; touches nothing until it is used. */
export function openNetworking(options: NetworkingOptions): Networking {
  const context: NetContext = {
    store: options.store,
    ipam: options.ipam,
    defaultNetworkId: options.defaultNetworkId,
    records: openRecords(options.store, options.onChange),
    firewall: openFirewall(),
    drivers: { bridge: bridgeDriver, macvlan: macvlanDriver, ipvlan: ipvlanDriver },
    outlivesPin: options.outlivesPin ?? (() => false),
    step: options.onStep ?? (() => {}),
    note: options.onNote ?? (() => {}),
  };
  return {
    networks: {
      create: (spec) => createNetwork(context, spec),
      list: () => context.records.networks(),
      get: (ref, attempt = 'find a network') => context.records.findNetwork(ref, attempt),
      remove: (ref, check) => removeNetwork(context, ref, check),
      prune: (keep) => pruneNetworks(context, keep),
      policy: {
        of: (ref) => policyOf(context, ref),
        setDefault: (ref, verdict) => setDefault(context, ref, verdict),
        add: (ref, rule) => addRule(context, ref, rule),
        remove: (ref, ids) => removeRules(context, ref, ids),
        replace: (ref, policy) => replacePolicy(context, ref, policy),
      },
      ensureDefault: () => ensureDefaultNetwork(context),
    },
    leadPorts: (to) => leadPorts(context, to),
    leases: (network) => leasesOf(context, context.records.findNetwork(network, 'list leases')),
    pools: openPools(context),
    attach: (request) => attach(context, request),
    detach: (request) => detach(context, request),
    endpointCounters,
    networkCounters,
    shape: (request) => reshape(context, request),
    endpoints: ({ sandbox, network } = {}) =>
      context.records.endpoints({
        ...(sandbox !== undefined && { sandbox }),
        ...(network !== undefined && {
          network: context.records.findNetwork(network, 'list endpoints').id,
        }),
      }),
    reconcile: (sandboxes = [], { dryRun = false } = {}) =>
      context.store.transaction(() =>
        mended(differences(context, sandboxes), context.store, dryRun),
      ),
    differences: (sandboxes = [], apart) => differences(context, sandboxes, apart),
    reload: () => reload(context),
    teardown: () => teardown(context),
    close: () => context.firewall.close(),
  };
}
