/** Options of Docker's that hawser does not have, and why, for those who try them by habit. */
const ofContainers: Record<string, string> = {
  '--attach': 'a foreground run attaches to everything; -d attaches to nothing',
  '-a': 'a foreground run attaches to everything; -d attaches to nothing',
  '--cgroup-parent': 'set HAWSER_CGROUP_PARENT instead',
  '--cgroupns': 'a container always has a cgroup namespace of its own',
  '--device': 'hawser gives no host devices to containers (--privileged gives all)',
  '--gpus': 'hawser gives no host devices to containers (--privileged gives all)',
  '--group-add': 'name the group with -u USER:GROUP',
  '--health-cmd': 'hawser does no health checks',
  '--init': 'hawser has no init of its own: PID 1 is your command',
  '--ipc': 'a container always has an IPC namespace of its own',
  '--link': 'containers of one network find each other by name',
  '--log-driver': 'hawser keeps one log a container: see hawser logs',
  '--log-opt': 'hawser keeps one log a container: see hawser logs',
  '--memory-reservation': 'hawser has hard limits only: --memory',
  '--memory-swappiness': 'the host decides: see --memory-swap',
  '--oom-kill-disable': 'a container over its memory limit is killed',
  '--pid': 'a container always has a PID namespace of its own',
  '--platform': "an image is of this machine's platform",
  '--pull': 'hawser does not fetch images: see hawser image import',
  '--restart': 'hawser does not restart containers: let an init system run `hawser start -a`',
  '--runtime': 'hawser is its own runtime',
  '--shm-size': 'the size of /dev/shm is 64m',
  '--storage-opt': 'layers are overlayfs directories without options',
  '--ulimit': 'limits of the calling process are inherited',
  '--userns': 'hawser has no user namespaces yet',
  '--uts': 'a container always has a UTS namespace of its own',
  '--volume-driver': 'hawser has no named volumes: -v takes a path of the host',
  '--volumes-from': 'hawser has no named volumes: -v takes a path of the host',
};

const ofOthers: Record<string, Record<string, string>> = {
  network: {
    '--attachable': 'there is no swarm here: every network is attachable',
    '--ingress': 'there is no swarm here',
    '--scope': 'there is no swarm here: every network is local',
    '--link': 'containers of one network find each other by name',
  },
  ps: { '--size': 'hawser does not count the bytes of writable layers', '-s': 'no sizes here' },
  rm: { '--volumes': 'there are no anonymous volumes to remove', '-v': 'no volumes here' },
  logs: { '--details': 'the log carries no attributes' },
};

/** Why `flag` of the command `first` is refused, if it is one that Docker has. */
export function refusal(first: string | undefined, flag: string): string | undefined {
  if (first === 'run' || first === 'create') return ofContainers[flag];
  return first === undefined ? undefined : ofOthers[first]?.[flag];
}
