/**
 * The plan: what turns a fresh process into a container's process, as plain data. The caller decides
 * everything; the launcher (native/launcher) carries it out and decides nothing.
 */

export interface Plan {
  /** Namespaces that are made new. A new `cgroup` namespace has the process's cgroups as its roots. */
  namespaces: readonly NamespaceKind[];
  /** Namespaces that exist and are joined, by a path that names them; opened before anything else. */
  join: readonly { kind: Exclude<NamespaceKind, 'mount' | 'pid'>; path: string }[];
  /**
   * Join every namespace of this running process instead (exec). With `start` (field 22 of
   * /proc/PID/stat) a pid that has been given to another process since is refused with ESRCH.
   */
  enter?: { pid: number; start?: bigint };
  /** `cgroup.procs` files that the process writes itself into before it does anything else. */
  cgroups: readonly string[];
  /** Keep standard input open and fed from attached clients; else it is the container's /dev/null. */
  stdin: boolean;
  supervision: Supervision;
  /** In order. The last one is `exec`. */
  steps: readonly PlanStep[];
}

/** What the monitor needs. Paths are absolute, and their directories exist. */
export interface Supervision {
  /** The monitor's socket; what is there is replaced, and it goes when the monitor goes. */
  socket: string;
  /** Written once, atomically, when the process has ended: an `Exit` as JSON. */
  exit: string;
  /** Written before `launch` returns: a `PidFile` as JSON. */
  pid: string;
  /** Appended to, in the CRI's format; undefined keeps no log. */
  log?: string | undefined;
  /**
   * Where the kernel counts its out-of-memory kills: the line `<key> <count>` of this file. The
   * process counts as killed so if the number has grown since the launch.
   */
  oom?: { file: string; key: string } | undefined;
  /** Ports of the host that nobody else may have while the process lives. */
  ports: readonly PortRun[];
  /** argv run after the end unless a client has done the clean-up; empty runs nothing. */
  onExit: readonly string[];
}

/** A run of ports of one address, for each of which the monitor binds a socket that never listens. */
export interface PortRun {
  protocol: 'tcp' | 'udp';
  /** `0.0.0.0` and `::` are all of a family, `*` all of both. */
  address: string;
  first: number;
  count: number;
}

/** Both processes, with their start times (field 22 of /proc/PID/stat) against reused pids. */
export interface PidFile {
  /** /proc/sys/kernel/random/boot_id */
  boot: string;
  monitor: { pid: number; start: number };
  process: { pid: number; start: number };
}

export type NamespaceKind = 'pid' | 'mount' | 'uts' | 'ipc' | 'net' | 'cgroup';

export type MountFlag =
  | 'ro'
  | 'nosuid'
  | 'nodev'
  | 'noexec'
  | 'noatime'
  | 'nodiratime'
  | 'relatime'
  | 'strictatime'
  | 'sync';

/** The flags that one mount has, whatever else shows the same file system. */
export type MountAttribute = 'ro' | 'nosuid' | 'nodev' | 'noexec' | 'noatime' | 'nosymfollow';

export type Rlimit =
  | 'cpu'
  | 'fsize'
  | 'data'
  | 'stack'
  | 'core'
  | 'rss'
  | 'nproc'
  | 'nofile'
  | 'memlock'
  | 'as'
  | 'locks'
  | 'sigpending'
  | 'msgqueue'
  | 'nice'
  | 'rtprio'
  | 'rttime';

/**
 * One operation. A `source` is a path of the host. A `target` is a path of the container: it is
 * resolved beneath the root that the `root` step opened, so that no symbolic link, `..` or magic
 * link leads out of it, and what is missing on the way is made (directories 0755, root's own).
 * All mounting is done before `pivot-root`; afterwards nothing of the host can be reached.
 */
export type PlanStep =
  /** How mounts propagate from here on; the first step of a container: recursively `private`. */
  | { step: 'propagation'; mode: 'private' | 'slave' }
  /**
   * An overlay of `lower` (topmost first; any number up to 200) on `mountpoint`, a path of the host.
   * The paths may hold any character: the launcher opens them and names the descriptors.
   */
  | {
      step: 'overlay';
      lower: readonly string[];
      upper: string;
      work: string;
      mountpoint: string;
      /** Further options of overlayfs: `index=off`. */
      options?: string;
    }
  /** The container's root from here on: a mount point, as a path of the host. */
  | { step: 'root'; path: string }
  /** A new file system on a directory. `data` is its option string. */
  | {
      step: 'mount';
      type: string;
      source: string;
      target: string;
      flags: readonly MountFlag[];
      data?: string;
    }
  /**
   * A file or directory of the host, with everything mounted beneath it, on the same kind of thing
   * in the container. The attributes hold for all of it.
   */
  | {
      step: 'bind';
      source: string;
      target: string;
      attributes: readonly MountAttribute[];
    }
  /** Adds attributes to the mount that `target` is the root of: `/` made read-only at the end. */
  | { step: 'attributes'; target: string; attributes: readonly MountAttribute[] }
  /** Hides a file behind /dev/null, a directory behind an empty one; missing is fine. */
  | { step: 'mask'; target: string }
  /** Makes a file or a directory with all beneath it read-only; missing is fine. */
  | { step: 'readonly'; target: string }
  /** A directory and its parents; one that exists is left as it is. */
  | { step: 'mkdir'; target: string; mode?: number }
  /** A symbolic link; one with the same text is fine. */
  | { step: 'symlink'; target: string; text: string }
  /** A device file, root's own; it must not exist. The mode is not subject to the umask. */
  | {
      step: 'mknod';
      target: string;
      kind: 'char' | 'block';
      major: number;
      minor: number;
      mode: number;
    }
  /** `net.ipv4.ip_forward` or `net/ipv4/conf/eth0.1/forwarding`, in the process's namespaces. */
  | { step: 'sysctl'; key: string; value: string }
  | { step: 'hostname'; name: string }
  | { step: 'domainname'; name: string }
  /**
   * A pseudo-terminal out of the container's own /dev/pts becomes standard input, output and error
   * and the controlling terminal. Its other end goes to the monitor. `console` also mounts it on
   * that target (`/dev/console`).
   */
  | { step: 'terminal'; rows: number; columns: number; console?: string }
  /** Makes the `root` step's mount the process's root and lets go of the host's. */
  | { step: 'pivot-root' }
  /** The working directory; refused if it is not beneath the process's root. */
  | { step: 'chdir'; path: string }
  /** `infinity` where the limit is undefined. */
  | { step: 'rlimit'; resource: Rlimit; soft?: bigint; hard?: bigint }
  /** -1000 to 1000: who dies first when memory runs out. */
  | { step: 'oom-score'; value: number }
  | { step: 'no-new-privileges' }
  /**
   * A filter as struct sock_filter[] (see seccomp.ts). Without no-new-privileges it must come before
   * `credentials`, because it takes CAP_SYS_ADMIN; with it, it comes last before `exec`.
   */
  | { step: 'seccomp'; filter: Uint8Array }
  /**
   * Who the process is from here on. Capabilities are bit masks; what the launcher lacks itself is
   * left out. Pipes and terminals it has as standard streams become the user's own.
   */
  | {
      step: 'credentials';
      uid: number;
      gid: number;
      groups: readonly number[];
      capabilities: Capabilities;
    }
  /**
   * Waits for START, then becomes this program. A name without a slash is looked for along PATH
   * of `env` (`NAME=value`), else along the usual directories.
   */
  | { step: 'exec'; args: readonly string[]; env: readonly string[] };

export interface Capabilities {
  bounding: bigint;
  effective: bigint;
  permitted: bigint;
  inheritable: bigint;
  ambient: bigint;
}
