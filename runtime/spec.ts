import type { PortRun } from '../native/plan.ts';

/** Everything the runtime must know to start one container's process, as plain resolved data. */
export interface ContainerSpec {
  /** 64 hex digits. */
  id: string;
  hostname: string;
  args: string[];
  /** `NAME=value`. */
  env: string[];
  cwd: string;
  user: User;
  tty: boolean;
  /** Keep the process's standard input open and fed from attached clients; else it is /dev/null. */
  stdin: boolean;
  rootfs: Rootfs;
  mounts: Mount[];
  /** A path that names the network namespace to join; undefined is the caller's own. */
  netns: string | undefined;
  sysctls: Record<string, string>;
  security: Security;
  limits: Limits;
  /** The container's cgroup, relative to each controller's root: `hawser/<id>`. */
  cgroup: string;
  /** Of the host: held against other programs while the process lives. */
  ports: PortRun[];
  paths: ProcessPaths;
}

export interface User {
  uid: number;
  gid: number;
  /** Supplementary groups. */
  groups: number[];
}

export interface Rootfs {
  /** Read-only layer directories, topmost first. */
  layers: string[];
  /** The container's own writable layer and overlayfs's work directory, on one file system. */
  upper: string;
  work: string;
  /** An empty directory to mount on; the mount is seen only in the container's mount namespace. */
  mountpoint: string;
  readonly: boolean;
}

export type Mount =
  | { kind: 'bind'; source: string; target: string; readonly: boolean }
  | { kind: 'tmpfs'; target: string; options: string };

export interface Security {
  privileged: boolean;
  /** Names without CAP_, upper case, already resolved from the defaults and --cap-add/--cap-drop. */
  capabilities: string[];
  seccomp: 'default' | 'unconfined';
  noNewPrivileges: boolean;
}

/** Absent means unlimited. */
export interface Limits {
  /** Bytes. */
  memory?: number;
  /** Bytes of memory and swap together; -1 is unlimited (Docker's --memory-swap). */
  memorySwap?: number;
  /** CPUs' worth of time: 1.5. */
  cpus?: number;
  /** Relative weight, 1024 is normal (Docker's --cpu-shares). */
  cpuShares?: number;
  /** List format: `0-1,3`. */
  cpusetCpus?: string;
  cpusetMems?: string;
  pids?: number;
  /** 10 to 1000. */
  blkioWeight?: number;
  /** Per device path: bytes or operations a second. */
  deviceReadBps?: Record<string, number>;
  deviceWriteBps?: Record<string, number>;
  deviceReadIops?: Record<string, number>;
  deviceWriteIops?: Record<string, number>;
}

/** Where a supervised process leaves its traces; all in directories that exist. */
export interface ProcessPaths {
  /** The monitor's socket. */
  socket: string;
  /** Written once, atomically, when the process has ended. */
  exit: string;
  /** The monitor's and the process's pids with their start times. */
  pid: string;
  /** The log, appended to; undefined keeps none (exec). */
  log: string | undefined;
  /** argv that the monitor runs after the end if no client took the clean-up upon itself. */
  onExit: string[];
}

/** A process to run inside a running container (exec). */
export interface ExecSpec {
  /** The container's init process, whose namespaces and cgroup are entered. */
  pid: number;
  /** Its start time (field 22 of /proc/PID/stat): a pid that now is another process is refused. */
  start?: string;
  args: string[];
  env: string[];
  cwd: string;
  user: User;
  tty: boolean;
  stdin: boolean;
  security: Security;
  cgroup: string;
  paths: ProcessPaths;
}

/** How a supervised process ended. */
export interface Exit {
  /** 0 to 255; 128 + the signal's number if a signal ended it. */
  code: number;
  signal?: number;
  /** The kernel's out-of-memory killer ended it. */
  oomKilled: boolean;
  /** ISO 8601. */
  finished: string;
}
