/**
 * A real dockerd to measure against: Debian's docker.io, unpacked beside the build rather than
 * installed, in network, mount and process namespaces of its own. When this process closes its
 * standard input, or dies, the first process of the namespaces ends, and the kernel ends the rest:
 * links and mounts go with the namespaces.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../engine/paths.ts';

const CGROUP_PARENT = 'hawser-bench-docker';
const START_MS = 60_000;

export interface DockerPeer {
  /** Runs docker against it and returns what it printed; throws if docker fails. */
  docker(...args: string[]): string;
  /** Where its API listens. */
  socket: string;
  /** Pids, as this process sees them, of its processes of a name. */
  processes(name: string): number[];
}

let started: Promise<DockerPeer> | undefined;
let leftovers: (() => Promise<void>) | undefined;

/** The peer, started at the first call, with the tar imported as `busybox`. */
export function dockerPeer(tar: string): Promise<DockerPeer> {
  started ??= start(tar);
  return started;
}

/** Ends it and leaves nothing of it. */
export async function stopDockerPeer(): Promise<void> {
  const clean = leftovers;
  leftovers = undefined;
  await clean?.();
}

async function start(tar: string): Promise<DockerPeer> {
  const packages = join(packageRoot(), 'build/peers/docker');
  execFileSync(
    join(packageRoot(), 'scripts/unpack-packages.sh'),
    [packages, 'docker.io', 'iptables'],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const directory = mkdtempSync(join(tmpdir(), 'hawser-docker-'));
  const socket = join(directory, 'docker.sock');
  const env = environment(packages, directory);
  const outer = spawnDaemon(directory, env);
  leftovers = async () => {
    outer.stdin?.end();
    if (outer.exitCode === null && outer.signalCode === null) await once(outer, 'exit');
    removeCgroups('/sys/fs/cgroup');
    rmSync(directory, { recursive: true, force: true });
  };

  const docker = (...args: string[]): string =>
    execFileSync('docker', ['--host', `unix://${socket}`, ...args], {
      env,
      encoding: 'utf8',
      stdio: 'pipe',
    });
  const deadline = Date.now() + START_MS;
  while (!existsSync(socket) || !answers(docker)) {
    if (outer.exitCode !== null || Date.now() > deadline) {
      const log = readFileSync(join(directory, 'log'), 'utf8');
      throw new Error(`dockerd does not start; its last words:\n${log.slice(-2000)}`);
    }
    await sleep(100);
  }
  docker('import', tar, 'busybox');
  return { docker, socket, processes: (name) => processesInside(outer, name) };
}

/** The unpacked programs and libraries before the machine's own, and the names that dockerd calls. */
function environment(packages: string, directory: string): NodeJS.ProcessEnv {
  const names = join(directory, 'bin');
  mkdirSync(names);
  const tables = join(packages, 'usr/sbin/xtables-nft-multi');
  for (const name of ['iptables', 'iptables-save', 'iptables-restore', 'ip6tables']) {
    if (existsSync(tables)) symlinkSync(tables, join(names, name));
  }
  const libraries = join(packages, 'usr/lib', multiarch());
  return {
    ...process.env,
    PATH: [names, `${packages}/usr/bin`, `${packages}/usr/sbin`, process.env.PATH].join(':'),
    LD_LIBRARY_PATH: libraries,
    ...(existsSync(tables) ? { XTABLES_LIBDIR: join(libraries, 'xtables') } : {}),
    DOCKER_CONFIG: join(directory, 'config'),
  };
}

function multiarch(): string {
  return process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
}

function spawnDaemon(directory: string, env: NodeJS.ProcessEnv): ChildProcess {
  const daemon = [
    'dockerd',
    `--host=unix://${directory}/docker.sock`,
    `--data-root=${directory}/root`,
    `--exec-root=${directory}/exec`,
    `--pidfile=${directory}/pid`,
    `--cgroup-parent=/${CGROUP_PARENT}`,
    '--exec-opt=native.cgroupdriver=cgroupfs',
    '--storage-driver=overlay2',
  ];
  // tini reaps the shims' orphans, as dockerd does not; it ends with the shell, which ends with
  // its standard input.
  const script = `ip link set lo up; "$@" </dev/null >${directory}/log 2>&1 & read -r _`;
  return spawn(
    'unshare',
    [
      ...['--net', '--mount', '--propagation=private', '--pid', '--fork', '--mount-proc'],
      ...['--kill-child', 'tini-static', '--', 'sh', '-c', script, 'sh', ...daemon],
    ],
    { env, stdio: ['pipe', 'inherit', 'inherit'] },
  );
}

function answers(docker: DockerPeer['docker']): boolean {
  try {
    docker('version');
    return true;
  } catch {
    return false;
  }
}

function processesInside(outer: ChildProcess, name: string): number[] {
  const namespace = readlinkSync(`/proc/${outer.pid}/ns/pid_for_children`);
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name.slice(0, 15) &&
          readlinkSync(`/proc/${pid}/ns/pid`) === namespace
        );
      } catch {
        return false; // it has ended meanwhile
      }
    })
    .map(Number);
}

/** The peer's groups, wherever controllers are mounted; all are empty by now. */
function removeCgroups(mounts: string): void {
  for (const top of [mounts, ...readdirSync(mounts).map((name) => join(mounts, name))]) {
    removeTree(join(top, CGROUP_PARENT));
  }
}

/** Files in a cgroup cannot be removed, and go with it. */
function removeTree(group: string): void {
  if (!existsSync(group)) return;
  for (const entry of readdirSync(group, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(group, entry.name));
  }
  rmdirSync(group);
}
