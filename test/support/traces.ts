/** All that hawser could leave behind on a host, as text that two moments can be compared by. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCgroups } from '../../runtime/cgroup/open.ts';
import type { FakeHost } from './fakehost.ts';

export type Traces = Record<'network' | 'mounts' | 'cgroups' | 'files' | 'monitors', string[]>;

const NETWORK = [
  'ip -br link',
  'ip -o address show scope global',
  'ip route show table all',
  'nft list ruleset',
].join('; ');

export function tracesOf(host: FakeHost, cgroup: string): Traces {
  return {
    network: host.exec(['sh', '-c', NETWORK]).split('\n').flatMap(settled).toSorted(),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(host.dir))
      .map((line) => line.split(' ')[4] ?? ''),
    cgroups: openCgroups().children(cgroup),
    files: ['root/containers', 'root/layers', 'run/containers', 'run/netns'].flatMap((path) => {
      const directory = join(host.dir, path);
      return existsSync(directory) ? readdirSync(directory).map((name) => join(path, name)) : [];
    }),
    monitors: readdirSync('/proc').filter((name) => isMonitor(name, host.dir)),
  };
}

/** Without indexes, orders and what the kernel brings and takes in its own time. */
function settled(line: string): string[] {
  if (/\b(fe80:|ff00:)/.test(line)) return [];
  return line
    .split(', ') // elements of a set
    .map((part) =>
      part
        .replace(/\s+/g, ' ')
        .replace(/^\d+: /, '')
        .replace(/elements = \{|\}/g, '')
        .replace(/ (linkdown|dead|UP|DOWN|LOWERLAYERDOWN|<[A-Z,_-]+>)(?= |$)/g, '')
        .trim(),
    )
    .filter((part) => part !== '');
}

function isMonitor(pid: string, dir: string): boolean {
  if (!/^\d+$/.test(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`hawser-monitor\0${dir}`);
  } catch {
    return false; // it has ended meanwhile
  }
}
