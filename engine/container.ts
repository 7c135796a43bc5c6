import type { Endpoint, PortRequest } from '../net/model.ts';
import type { EndpointSettings } from '../net/request.ts';
import type { Limits, Mount } from '../runtime/spec.ts';

/** What `create` and `run` ask for; everything but the image has a default, the image's or Docker's. */
export interface CreateRequest {
  /** NAME[:TAG], an id, or an id's unambiguous beginning. */
  image: string;
  /** Default: an adjective and a noun of the harbour. */
  name?: string;
  /** Default: the image's cmd. */
  command?: string[];
  /** Default: the image's; an empty list clears it. */
  entrypoint?: string[];
  /** `NAME=value`, added to the image's. */
  env?: string[];
  workingDir?: string;
  /** NAME|UID[:GROUP|GID]. */
  user?: string;
  hostname?: string;
  tty?: boolean;
  /** Keep standard input open. */
  stdin?: boolean;
  mounts?: MountRequest[];
  readonly?: boolean;
  /**
   * Network names, or one of `bridge`, `host`, `none`, `container:NAME`, `ns:/path`.
   * Default: `bridge`.
   */
  networks?: (string | AttachmentRequest)[];
  /** In `-p` syntax (`127.0.0.1:8080:80/tcp`) or resolved. */
  ports?: (string | PortRequest)[];
  /** Ports that it serves besides the image's: `80`, `53/udp`, `8000-8010`. */
  expose?: string[];
  /** Publish all that are exposed and not published yet, each on a free port of the host. */
  publishAll?: boolean;
  dns?: string[];
  dnsSearch?: string[];
  /** Options of resolv.conf(5), as `ndots:2`. */
  dnsOptions?: string[];
  /** `NAME:ADDRESS`. */
  extraHosts?: string[];
  limits?: Limits;
  capAdd?: string[];
  capDrop?: string[];
  privileged?: boolean;
  noNewPrivileges?: boolean;
  seccomp?: 'default' | 'unconfined';
  sysctls?: Record<string, string>;
  labels?: Record<string, string>;
  /** What `stop` sends first: a name or a number; default SIGTERM. */
  stopSignal?: string;
  /** Remove the container when it has ended. */
  autoRemove?: boolean;
}

export interface AttachmentRequest extends EndpointSettings {
  /** The network's name, id, or an id's unambiguous beginning. */
  network: string;
}

/** With `create`, the source of a bind mount that is not there becomes a directory, as with `-v`. */
export type MountRequest = Mount & { create?: boolean };

/** A container as the store keeps it. */
export interface ContainerRecord {
  /** 64 hex digits. */
  id: string;
  name: string;
  created: string;
  image: { id: string; reference: string };
  process: ProcessConfig;
  hostname: string;
  mounts: MountRequest[];
  readonly: boolean;
  network: NetworkConfig;
  limits: Limits;
  capAdd: string[];
  capDrop: string[];
  privileged: boolean;
  noNewPrivileges: boolean;
  seccomp: 'default' | 'unconfined';
  sysctls: Record<string, string>;
  labels: Record<string, string>;
  stopSignal: string;
  autoRemove: boolean;
  state: RecordedState;
}

export interface ProcessConfig {
  args: string[];
  env: string[];
  workingDir: string;
  /** As given, resolved against the root filesystem at start. */
  user: string;
  tty: boolean;
  stdin: boolean;
}

export interface NetworkConfig {
  /** Whose sandbox: its own, the host's, or another's (a container id, or a namespace's path). */
  mode:
    | { kind: 'own' }
    | { kind: 'host' }
    | { kind: 'container'; container: string }
    | { kind: 'namespace'; path: string };
  /** In the order of eth0, eth1, ...; `network` is the network's id. */
  attachments: AttachmentRequest[];
  ports: PortRequest[];
  /** `80/tcp`: the image's and those of the request. */
  exposed: string[];
  dns: string[];
  dnsSearch: string[];
  dnsOptions: string[];
  extraHosts: string[];
}

/** What was last known for sure; whether the process still lives is asked of the kernel. */
export interface RecordedState {
  status: 'created' | 'starting' | 'running' | 'exited';
  /** The process that is starting it, or the container's init. */
  pid?: number;
  /** Field 22 of /proc/PID/stat, so that a recycled pid is not believed. */
  pidStart?: number;
  /** The boot in which the above was true. */
  boot?: string;
  started?: string;
  finished?: string;
  exitCode?: number;
  oomKilled?: boolean;
  /** Why it could not be started, or how its end became known. */
  error?: string;
}

/** A container as the library shows it. */
export interface Container extends Omit<ContainerRecord, 'state'> {
  state: ContainerState;
  /** Where it is attached now. */
  endpoints: Endpoint[];
}

export interface ContainerState {
  status: 'created' | 'running' | 'exited';
  pid?: number;
  started?: string;
  finished?: string;
  exitCode?: number;
  oomKilled: boolean;
  error?: string;
}
