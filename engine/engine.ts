import type { Readable } from 'node:stream';
import type { Image, ImageConfig } from '../image/image.ts';
import type { Pools } from '../net/addressing/pools.ts';
import type { Counters, Endpoint, LeaseInfo, Network } from '../net/model.ts';
import type { Policies } from '../net/networking.ts';
import type {
  AttachRequest,
  EndpointSettings,
  NetworkSpec,
  ReconcileOptions,
  Repair,
  ShapeRequest,
  ShapingChange,
} from '../net/request.ts';
import type { LogLine } from '../runtime/log-format.ts';
import type { LogOptions } from '../runtime/logs.ts';
import type { Session } from '../runtime/process.ts';
import type { Exit } from '../runtime/spec.ts';
import type { Container, CreateRequest } from './container.ts';
import type { Event, EventOptions } from './event.ts';
import type { NetworkFilters } from './network-filter.ts';
import type { ListedNetwork } from './predefined.ts';
import type { PruneFilters } from './prune-filter.ts';

export interface EngineOptions {
  /** Durable state; default HAWSER_ROOT, else /var/lib/hawser. */
  root?: string;
  /** State of this boot; default HAWSER_RUN, else /run/hawser. */
  run?: string;
  /** Under which cgroup containers are put; default HAWSER_CGROUP_PARENT, else `hawser`. */
  cgroupParent?: string;
  /** Told of things worth knowing that are no errors: forwarding was switched on, a limit does not hold here. */
  onNote?: (note: string) => void;
  /** Told after each step of create, start, attach and detach; what it throws fails that step. */
  onStep?: (step: string) => void;
}

/**
 * Everything hawser can do. One engine is one state directory; any number of engines, in any number
 * of processes, may work on one state at once. All failures are HawserErrors.
 */
export interface Engine {
  networks: Networks;
  containers: Containers;
  images: Images;
  system: System;
  /**
   * Attaches any network namespace to a network: interface, addresses, routes, ports. Attaching the
   * same (sandbox, interface name) again gives the endpoint that is already there.
   */
  attach(request: AttachRequest): Endpoint;
  /** Takes a sandbox off one network, one interface, or all. Being off already is success. */
  detach(request: { sandbox: string; network?: string; ifname?: string }): void;
  /** Changes how fast an attached sandbox may be on a network, at once. */
  shape(request: ShapeRequest): Endpoint;
  endpoints(of?: { network?: string; sandbox?: string }): Endpoint[];
  /**
   * What happens to containers and networks, from this call on or from `since`, whichever process
   * does it. The last 10,000 are remembered. Leaving the loop, or the signal, ends it.
   */
  events(options?: EventOptions): AsyncIterable<Event>;
  close(): void;
}

export interface Networks {
  create(spec: NetworkSpec): Network;
  /** By name; `bridge`, `host` and `none` are always there. */
  list(filters?: NetworkFilters): ListedNetwork[];
  inspect(ref: string): Inspection;
  /** What the host has exchanged with each network that has a bridge, by the networks' ids. */
  counters(): Map<string, Counters>;
  remove(ref: string): Network;
  /** Removes user networks that no container is configured for and that pass the filters; says which. */
  prune(filters?: PruneFilters): Network[];
  /** Attaches a container to one more network; a stopped one from its next start. */
  connect(network: string, container: string, options?: EndpointSettings): void;
  disconnect(network: string, container: string, options?: { force?: boolean }): void;
  policy: Policies;
  /** Changes how fast a container may be on a network, at once if it runs, and at every later start. */
  shape(network: string, container: string, change: ShapingChange): void;
}

/** A network, who is attached to it, and which running containers it is for. */
export type Inspection = ListedNetwork & {
  /** What the host has exchanged with it; absent without a bridge. */
  counters?: Counters;
  /** With what each one's interface has carried, as its container sees it. */
  endpoints: (Endpoint & { counters?: Counters })[];
  /** Every address that is not free: who has it, and whether they live. */
  leases: LeaseInfo[];
  containers: { id: string; name: string }[];
};

export interface Images {
  /** A tar of a root filesystem, plain or gzipped, becomes an image of one layer. */
  import(tar: Readable, reference: string, options?: { config?: ImageConfig }): Promise<Image>;
  list(): Image[];
  inspect(ref: string): Image;
  /** Untags, and deletes the image with its last reference. Refused while a container uses it. */
  remove(ref: string, options?: { force?: boolean }): { untagged: string[]; deleted: string[] };
}

export interface Containers {
  create(request: CreateRequest): Container;
  /**
   * Starts the process. With `attach` the session sees the process's output from its first byte.
   * With `attend` this caller promises to call `settle` after the end (a foreground run); without,
   * or if this process dies, the container's monitor sees to it.
   */
  start(ref: string, options?: StartOptions): Promise<Session | undefined>;
  attach(ref: string): Promise<Session>;
  exec(ref: string, request: ExecRequest): Promise<Session>;
  /** Ends: the given signal (default the container's stop signal), then after `timeout` seconds (default 10) SIGKILL. */
  stop(ref: string, options?: { timeout?: number; signal?: string }): Promise<void>;
  /** `signal`: a name with or without SIG, or a number; default SIGKILL. */
  kill(ref: string, signal?: string): Promise<void>;
  wait(ref: string): Promise<Exit>;
  logs(ref: string, options?: LogOptions): AsyncIterable<LogLine>;
  list(options?: { all?: boolean; filters?: Filters }): Container[];
  inspect(ref: string): Container;
  remove(ref: string, options?: { force?: boolean }): Promise<void>;
  /**
   * Writes down the end of a process that has ended, and gives back everything it held: endpoints,
   * sandbox, cgroup; removes the container if it was to be removed. Any number of times. `exit` is
   * what the session told of the end.
   */
  settle(id: string, exit?: Exit): void;
}

export interface StartOptions {
  attach?: boolean;
  attend?: boolean;
  /** The terminal's size from the first moment, if the container has one. */
  size?: TerminalSize;
}

/** In characters. */
export interface TerminalSize {
  rows: number;
  columns: number;
}

export interface ExecRequest {
  command: string[];
  env?: string[];
  workingDir?: string;
  user?: string;
  tty?: boolean;
  stdin?: boolean;
  size?: TerminalSize;
  privileged?: boolean;
  /** Nobody attaches: the session only starts it. */
  detach?: boolean;
}

/** Docker's filters: each key's values are alternatives, different keys must all hold. */
export interface Filters {
  id?: string[];
  name?: string[];
  status?: string[];
  label?: string[];
  network?: string[];
  ancestor?: string[];
  exited?: string[];
}

export interface System {
  info(): SystemInfo;
  /** The address pools that networks without a subnet of their own get theirs from. */
  pools: Pools;
  /**
   * Loads the firewall's tables anew from the state, in one transaction: after `nft flush ruleset`,
   * say. Established connections go on, and rules in the chain `user` are kept if they are there.
   */
  reload(): void;
  /**
   * Answers containers' names, in this process, until there are none left. It needs what
   * hawser hands the process that it starts for this, and is of use to nobody else.
   */
  answerNames(): Promise<void>;
  /**
   * Compares the store with the kernel both ways and mends what differs, or only tells it.
   *
   * @returns all that differed, in the order in which it was mended; nothing if all is well
   */
  reconcile(options?: ReconcileOptions): Repair[];
  /** Ends every container and removes everything hawser has made, images and networks included. */
  reset(): Promise<void>;
}

export interface SystemInfo {
  version: string;
  root: string;
  run: string;
  kernel: string;
  cgroup: 'v1' | 'v2';
  cpus: number;
  /** Bytes. */
  memory: number;
  containers: { running: number; created: number; exited: number };
  networks: number;
  images: number;
  /** What this kernel has and lacks of what hawser uses. */
  features: { name: string; available: boolean; detail?: string }[];
}
