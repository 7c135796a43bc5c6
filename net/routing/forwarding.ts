/** The host becomes a router only when a network needs one, and says so. */
import { readdirSync } from 'node:fs';
import type { Network } from '../model.ts';
import type { Difference } from '../repair/difference.ts';
import { settingDifferences } from '../settings/differences.ts';
import { ensureSysctl, readSysctl } from '../settings/sysctl.ts';

/** Switches on forwarding for the families of a network that has a way out. */
export function ensureForwarding(network: Network, note: (sentence: string) => void): void {
  const has6 = network.subnets.some(({ subnet }) => subnet.includes(':'));
  const has4 = network.subnets.some(({ subnet }) => !subnet.includes(':'));
  if (has4 && ensureSysctl('ipv4/ip_forward', '1')) {
    note(`net.ipv4.ip_forward was switched on, which network ${network.name} needs`);
  }
  if (has6 && readSysctl('ipv6/conf/all/forwarding') === '0') {
    keepRouterAdvertisements();
    ensureSysctl('ipv6/conf/all/forwarding', '1');
    note(`net.ipv6.conf.all.forwarding was switched on, which network ${network.name} needs`);
  }
}

/** Whether the host has ceased to be a router that the network needs; only looks. */
export function forwardingDifferences(
  network: Network,
  note: (sentence: string) => void,
): Difference[] {
  const has = (family: 4 | 6) =>
    network.subnets.some(({ subnet }) => subnet.includes(':') === (family === 6));
  return [
    ...settingDifferences(has(4) ? { 'ipv4/ip_forward': '1' } : {}),
    ...settingDifferences(has(6) ? { 'ipv6/conf/all/forwarding': '1' } : {}),
  ].map((difference) => ({ ...difference, mend: () => ensureForwarding(network, note) }));
}

/** A router ignores advertisements where accept_ra is 1, and a host would lose its own default
 * route with the next; 2 is "also when forwarding" (ip-sysctl). */
function keepRouterAdvertisements(): void {
  for (const name of readdirSync('/proc/sys/net/ipv6/conf')) {
    if (name === 'all' || name === 'default' || name === 'lo') continue;
    if (readSysctl(`ipv6/conf/${name}/accept_ra`) === '1') {
      ensureSysctl(`ipv6/conf/${name}/accept_ra`, '2');
    }
  }
}
