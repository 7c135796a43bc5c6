import type { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import type { DriverName, Endpoint, Network } from '../model.ts';
import type { Difference } from '../repair/difference.ts';
import type { Undo } from '../undo.ts';

/**
 * How a network becomes links, addresses and routes. A driver keeps no state: whatever it needs to
 * know is in the records or in the kernel. Firewall, leases and records are not its concern.
 */
export interface Driver {
  name: DriverName;
  /**
   * Checks all that a network says before anything is touched, and completes it with what this
   * driver decides: the bridge's name, say.
   *
   * @param others the networks that there are already
   * @throws HawserError for what cannot be made, `network blue: why`
   */
  design(network: Network, others: readonly Network[], host: Host): Network;
  /**
   * Makes the network's own kernel objects unless they are there. What endpoints share is never
   * undone by one of them.
   *
   * @returns the MTU (bytes) that its endpoints are to have, and their MAC if it is not theirs to choose
   */
  ensure(network: Network, host: Host): { mtu: number; mac?: string };
  /**
   * How the network's own kernel objects differ from what `ensure` makes, in the order in which they
   * are to be mended; only looks.
   */
  differences(network: Network, endpoints: readonly Endpoint[], host: Host): Difference[];
  /** Removes them; what is already gone is success. */
  remove(network: Network, host: Host, others: readonly Network[]): void;
  /** How many endpoints a network of this driver can have, if there is a bound. */
  capacity(network: Network): number | undefined;
  /** What an endpoint's link on the host's side is called, if it is to have one. */
  hostIfname(key: string): string | undefined;
  /** Joins a sandbox to the network, telling `undo` each step. */
  plug(endpoint: Endpoint, network: Network, between: Between, undo: Undo): void;
  /** Sets its link up for the ports that it has now. */
  setPorts(endpoint: Endpoint, network: Network, host: Host): void;
  /** Takes it off; what is already gone is success, the sandbox too. */
  unplug(endpoint: Endpoint, host: Host): void;
  /** Takes it off the network only, because its sandbox is about to end and takes the link along. */
  unhook(endpoint: Endpoint, host: Host): void;
  /**
   * How an endpoint's link differs from what `plug` makes; only looks.
   *
   * @param join what to say, and to do, about a link that is gone
   */
  endpointDifferences(
    endpoint: Endpoint,
    network: Network,
    between: Between,
    join: Difference,
  ): Difference[];
}

/** The host's own network namespace, and a way to tell what is done to it beyond the network. */
export interface Host {
  rtnl: Rtnetlink;
  note: (sentence: string) => void;
}

/** The host, and the sandbox that is to be joined. */
export interface Between extends Host {
  inside: Rtnetlink;
}
