/** A mounted cgroup hierarchy; on v1 there are several, each with controllers of its own. */
export interface Hierarchy {
  version: 1 | 2;
  mountpoint: string;
  /** `cpu`, `memory`, `name=systemd`, ...; none are named in a v2 mount's options. */
  controllers: string[];
}

/** What is no controller among a v1 mount's options (cgroups(7), kernel/cgroup/cgroup-v1.c). */
const OPTIONS = new Set([
  'rw',
  'ro',
  'xattr',
  'noprefix',
  'clone_children',
  'cpuset_v2_mode',
  'none',
]);

/** The cgroup hierarchies in the text of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export function parseHierarchies(mountinfo: string): Hierarchy[] {
  const found = mountinfo.split('\n').flatMap((line): Hierarchy[] => {
    const [before, after] = line.split(' - ');
    const mountpoint = before?.split(' ')[4];
    const [type, , options = ''] = after?.split(' ') ?? [];
    if (mountpoint === undefined) return [];
    const path = unescapeOctal(mountpoint);

    if (type === 'cgroup2') return [{ version: 2, mountpoint: path, controllers: [] }];
    if (type !== 'cgroup') return [];
    const controllers = options
      .split(',')
      .filter((option) => !OPTIONS.has(option) && !/^release_agent=/.test(option));
    return [{ version: 1, mountpoint: path, controllers }];
  });

  // A hierarchy may be mounted more than once; the first place will do.
  const key = (one: Hierarchy): string => `${one.version} ${one.controllers.join()}`;
  return found.filter(
    (one, index) => found.findIndex((other) => key(other) === key(one)) === index,
  );
}

/** Spaces and the like are written as three octal digits. */
function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
