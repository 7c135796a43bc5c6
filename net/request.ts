/** What callers of the network layer ask for, and what repair tells them. */
import type { EndpointRoute, NetworkSubnet, PortRequest, Sandbox, Shaping } from './model.ts';

/** What a network is to be; all but the name has a default. */
export interface NetworkSpec {
  name: string;
  /** `bridge` (the default), `macvlan` or `ipvlan`. */
  driver?: string;
  internal?: boolean;
  /** Default true. */
  ipv4?: boolean;
  /** Default: whether there is an IPv6 subnet among `subnets`. */
  ipv6?: boolean;
  /**
   * One of a family at most. Default: the first of the default pools that overlaps with nothing, of
   * IPv6 a /64 of this state's own unique local addresses (RFC 4193).
   */
  subnets?: SubnetSpec[];
  /** Its subnets may overlap with what the host reaches by its own links; never another network's. */
  ignoreHostRoutes?: boolean;
  /** Docker's names: com.docker.network.driver.mtu, ... */
  options?: Record<string, string>;
  labels?: Record<string, string>;
}

/** Default gateway: the subnet's first address. */
export type SubnetSpec = Pick<NetworkSubnet, 'subnet'> & Partial<NetworkSubnet>;

export interface AttachRequest extends EndpointSettings {
  /** A network by name, id or unambiguous prefix of the id. */
  network: string;
  sandbox: Sandbox;
  /** For people: the container's name. */
  owner: string;
  /** The container's, by which the network's policy may select it. */
  labels?: Record<string, string>;
  ports?: PortRequest[];
  /** One more name. */
  hostname?: string;
  /** Addresses of servers to ask what no container is called, in this order; default the host's. */
  dns?: string[];
}

/** What may be said of one endpoint beside its network. */
export interface EndpointSettings {
  /** A requested IPv4 address, in the network's IPv4 subnet. */
  ip?: string;
  /** A requested IPv6 address, in its IPv6 subnet. */
  ip6?: string;
  /** Default: derived from the address, so that it outlives a restart. */
  mac?: string;
  /** More names on this network; several containers may share one. */
  aliases?: string[];
  /** The network with the highest has the default route, of equals the first by name; default 0. */
  gwPriority?: number;
  /** Its name in the sandbox; default: the first free of eth0, eth1, ... */
  ifname?: string;
  /** Bytes; default and most: the network's. */
  mtu?: number;
  /** How fast it may be; default not bounded. */
  shaping?: Shaping;
  /** Settings of the interface, by names as `net.ipv4.conf.IFNAME.log_martians`. */
  sysctls?: Record<string, string>;
  /** Beside the default route: as fields, or as `10.9.0.0/16 via 10.5.0.254 metric 50`. */
  routes?: (string | EndpointRoute)[];
  /** The last four by Docker's names: `com.docker.network.endpoint.ifname`, ... */
  options?: Record<string, string>;
}

/** What to change of an endpoint's bounds; null takes one off, what is absent stays. */
export type ShapingChange = { [K in keyof Shaping]?: Shaping[K] | null };

/** New bounds for the endpoint that a sandbox has on a network. */
export interface ShapeRequest extends ShapingChange {
  /** The sandbox's id. */
  sandbox: string;
  network: string;
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

export interface ReconcileOptions {
  /** Only tells what differs. */
  dryRun?: boolean;
}

/** Something that is not as it should be: found, and mended unless it was a dry run. */
export interface Repair {
  /**
   * What kind of thing: `link`, `bridge`, `address`, `route`, `sysctl`, `firewall`, `endpoint`,
   * `lease`, `pool`, `port`; of the engine `container`, `sandbox`, `run`, `cgroup`, `image`.
   */
  kind: string;
  /** What is wrong, a sentence: `link hv0a1b… belongs to no endpoint`. */
  what: string;
  /** Why it could not be mended. */
  failure?: string;
}
