/** Kernel settings of one endpoint's interface, whose name they call IFNAME as Docker does. */
import { existsSync } from 'node:fs';
import { HawserError } from '../../errors.ts';
import { inNetns } from '../../native/netns.ts';

/** Those of one interface: whatever else there is below net. is the whole sandbox's. */
const OF_INTERFACE = /^net\.(ipv4|ipv6)\.(conf|neigh)\.IFNAME\.[a-z0-9_]+$/;

/** Reads `net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.IFNAME.forwarding=0`. */
export function parseEndpointSysctls(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair): [string, string] => {
    const at = pair.indexOf('=');
    if (at > 0) return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    throw new HawserError('invalid', `sysctl ${JSON.stringify(pair)} has no value`);
  });
  return Object.fromEntries(pairs);
}

/** @throws HawserError 'invalid' for a setting that is not an interface's */
export function checkEndpointSysctl(name: string, value: string): void {
  if (!OF_INTERFACE.test(name)) {
    throw new HawserError(
      'invalid',
      `sysctl ${JSON.stringify(name)} is not an interface's, as net.ipv4.conf.IFNAME.log_martians is`,
      { hint: "what is the whole container's is set by --sysctl" },
    );
  }
  if (!/^[\x20-\x7e]{1,64}$/.test(value)) {
    throw new HawserError('invalid', `sysctl ${name} cannot be ${JSON.stringify(value)}`);
  }
}

/** @throws HawserError 'unsupported' for one that the kernel does not have in that namespace */
export function refuseUnknownSysctls(sandbox: string, sysctls: Record<string, string>): void {
  const names = Object.keys(sysctls);
  if (names.length === 0) return;
  const unknown = inNetns(sandbox, () =>
    names.find((name) => !existsSync(`/proc/sys/net/${pathOf(name, 'default')}`)),
  );
  if (unknown === undefined) return;
  throw new HawserError('unsupported', `this kernel has no sysctl ${unknown}`);
}

/** By their paths below /proc/sys/net. */
export function sysctlPaths(
  ifname: string,
  sysctls: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(sysctls).map(([name, value]) => [pathOf(name, ifname), value]),
  );
}

/** Below /proc/sys/net; an interface's name may have dots in it. */
function pathOf(name: string, ifname: string): string {
  return name
    .split('.')
    .slice(1)
    .map((part) => (part === 'IFNAME' ? ifname : part))
    .join('/');
}
