/** All that hawser could leave behind on a host, as text that two moments can be compared by. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runNft } from '../../native/nftables.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { openCgroups } from '../../runtime/cgroup/open.ts';
import type { FakeHost } from './fakehost.ts';

export type Traces = Record<
  'network' | 'firewall' | 'mounts' | 'cgroups' | 'files' | 'monitors',
  string[]
>;

export function tracesOf(host: FakeHost, cgroup: string): Traces {
  return {
    network: host.inside(network).toSorted(),
    firewall: host.inside(firewall).toSorted(),
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

/** Without link-local addresses and routes, which the kernel brings and takes in its own time. */
function network(): string[] {
  using rtnl = Rtnetlink.open();
  const links = rtnl.links();
  const nameOf = (index?: number) => links.find((link) => link.index === index)?.name ?? '';
  const lines = [
    ...links.map(({ name, mac, mtu }) => `link ${name} ${mac} ${mtu}`),
    ...rtnl.addresses().map(({ address, prefix }) => `address ${address}/${prefix}`),
    ...rtnl
      .routes()
      .map(({ destination, gateway, link }) => `route ${destination} ${gateway} ${nameOf(link)}`),
  ];
  return lines.filter((line) => !/ (fe80:|ff00:)/.test(line));
}

/** One line for each table, chain, rule, set and element of a set. */
function firewall(): string[] {
  const objects: unknown[] = Array.from(runNft('list ruleset')?.nftables ?? []);
  return objects.flatMap((object) => {
    const elements: string[] = [];
    const text = JSON.stringify(object, (key, value) => {
      if (key === 'handle') return undefined; // counts up whatever comes and goes
      if (key !== 'elem' || !Array.isArray(value)) return value;
      elements.push(...value.map((element) => `element ${JSON.stringify(element)}`));
      return undefined;
    });
    return [text, ...elements];
  });
}

/** The monitor of a container, or the process that answers names. */
function isMonitor(pid: string, dir: string): boolean {
  if (!/^\d+$/.test(pid)) return false;
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return argv.includes(`hawser-monitor\0${dir}`) || argv.includes(`${dir}/run\0system\0names\0`);
  } catch {
    return false; // it has ended meanwhile
  }
}
