/**
 * The nouns of the network layer, as plain data: what the store keeps and what the library returns.
 * Addresses and subnets are canonical text (`10.5.0.9`, `10.5.0.0/24`, `fd00::5`), times are ISO 8601.
 */
import type { LinkCounters } from '../native/rtnetlink/counters.ts';
import type { Policy } from './policy/policy.ts';

/** A named L2/L3 segment. */
export interface Network {
  /** 64 hex digits; any unambiguous prefix names the network. */
  id: string;
  name: string;
  driver: DriverName;
  created: string;
  /** No default route, no masquerade, no way in from outside. */
  internal: boolean;
  subnets: NetworkSubnet[];
  options: Record<string, string>;
  labels: Record<string, string>;
  /** The bridge's interface name: `hawser0`, or `br-` and 12 digits of the id. Absent without a bridge. */
  bridge?: string;
  /** Of a bridge that the user made: the addresses it had when the network came to it. */
  adopted?: string[];
  /** The host's interface that its links stand on (macvlan, ipvlan). */
  parent?: string;
  /** Who may connect to whom; absent: everybody whom the network lets. */
  policy?: Policy;
}

export type DriverName = 'bridge' | 'macvlan' | 'ipvlan';

/** A subnet of a network, and how its addresses are given out. */
export interface NetworkSubnet {
  subnet: string;
  gateway: string;
  /** Only addresses in here are handed out by themselves. */
  range?: string;
  /** Addresses that are never handed out, by what they are for (Docker's --aux-address). */
  aux: Record<string, string>;
}

/** A network namespace that hawser pins or was handed. */
export interface Sandbox {
  /** The container's id, or what the caller calls a namespace of its own. */
  id: string;
  /** A path that names the namespace: a pin under --run, /proc/PID/ns/net, ... */
  path: string;
}

/** One attachment: (sandbox, interface name) on a network. */
export interface Endpoint {
  /** `<sandbox id>/<interface name>`: the owner of its leases, and the seed of its kernel names. */
  key: string;
  sandbox: Sandbox;
  /** The network's id. */
  network: string;
  /** Its name inside the sandbox: eth0, eth1, ... */
  ifname: string;
  /** The host's end of the veth pair, derived from the key. Absent where the host has no end of it. */
  hostIfname?: string;
  mac: string;
  /** Bytes. */
  mtu: number;
  addresses: EndpointAddress[];
  ports: PublishedPort[];
  /** Absent: not bounded at all. */
  shaping?: Shaping;
  /** Other names of the container on this network. */
  aliases: string[];
  /** All names it is found by there, in lower case: its own first, aliases, ids, host name. */
  names: string[];
  /** Which servers answer what no container is called; the host's if there are none. */
  dns: string[];
  /** Which sandbox it was; absent where that is not known. */
  proof?: ProofOfLife;
  /** The sandbox leaves by the network with the highest; absent: 0. */
  gwPriority?: number;
  /** Settings of the interface, called IFNAME in their names. */
  sysctls?: Record<string, string>;
  /** Routes beside the default one. */
  routes?: EndpointRoute[];
  /** For people, and for the policy of the network: the container's name, or the sandbox's id. */
  owner: string;
  /** The container's labels, for the policy of the network. */
  labels?: Record<string, string>;
  created: string;
}

/** A namespace in its boot: `netns` is `device:inode`. */
export interface ProofOfLife {
  netns: string;
  boot: string;
}

/** An address of a network that nobody else can have. */
export interface LeaseInfo {
  address: string;
  /** Who has it, by name; what it is set apart for, if it is reserved. */
  owner: string;
  /** The endpoint's key. */
  endpoint?: string;
  since?: string;
  /** Dead: its sandbox is no more, and the address is taken back when there is no other. */
  state: 'alive' | 'dead' | 'reserved';
  /** Of a dead one. */
  why?: string;
}

/** Without a gateway, what is on the link itself. */
export interface EndpointRoute {
  /** `10.9.0.0/16`. */
  destination: string;
  gateway?: string;
  /** Of two routes to the same, the lower one counts; absent: the kernel's default. */
  metric?: number;
}

/** How fast an endpoint may be, from the container's view. What is absent is not bounded. */
export interface Shaping {
  /** Bits a second that the container may send. */
  egressRate?: number;
  /** Bits a second that it may receive. */
  ingressRate?: number;
  /** Bytes that may go at once after a pause; default what is sent in 40 ms. */
  burst?: number;
}

export interface EndpointAddress {
  /** Without prefix length. */
  address: string;
  prefix: number;
  /** Absent on an internal network. */
  gateway?: string;
}

/** What an interface has carried since it was made, as the kernel counts. */
export type Counters = LinkCounters;

export type Protocol = 'tcp' | 'udp';

/** A port, or a range of `count` ports, of the host that leads to the same many of a container. */
export interface PublishedPort {
  protocol: Protocol;
  /** `0.0.0.0` is every IPv4 address of the host, `::` every IPv6 one. */
  hostIp: string;
  hostPort: number;
  containerPort: number;
  count: number;
}

/** What `-p` asks for: no `hostPort` means a free one from the ephemeral range. */
export interface PortRequest extends Omit<PublishedPort, 'hostIp' | 'hostPort'> {
  /** Absent: every address of the host, in each family that the endpoint has an address of. */
  hostIp?: string;
  hostPort?: number;
  /** With `hostPort` and a `count` of 1: the first free one from `hostPort` to here will do. */
  hostPortLast?: number;
}
