/** How a port of a bridge is set: whom it reaches there, and how frames find it. */
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { aliasOfEndpoint, hostIfnameOf } from '../kernel-names.ts';
import type { Endpoint, Network } from '../model.ts';
import { parseBridgeOptions } from '../options.ts';
import { openLoopback } from '../ports/loopback.ts';
import type { Difference } from '../repair/difference.ts';
import { readSysctl } from '../settings/sysctl.ts';
import { bridgeOf } from './bridge-link.ts';

const SETTINGS = ['isolated', 'hairpin', 'learning', 'flood'] as const;

/** Sets up the port of a pair that was just moored; the rest is as the kernel makes it. */
export function configurePort(endpoint: Endpoint, network: Network, rtnl: Rtnetlink): void {
  const { key, ports } = endpoint;
  const hostIfname = hostIfnameOf(key);
  const { isolated, hairpin } = settingsOf(endpoint, network);
  rtnl.batch(() => {
    rtnl.setLink(hostIfname, { alias: aliasOfEndpoint(endpoint) });
    if (isolated || hairpin) rtnl.setBridgePort(hostIfname, { isolated, hairpin });
  });
  openLoopback(bridgeOf(network), ports, rtnl);
}

/** What hands have set otherwise (`bridge link set`); only looks. */
export function portSettingDifferences(
  endpoint: Endpoint,
  network: Network,
  rtnl: Rtnetlink,
): Difference[] {
  const { key, owner, ifname } = endpoint;
  const name = hostIfnameOf(key);
  const is = rtnl.bridgePort(name);
  if (is === undefined) return [];
  const wanted = settingsOf(endpoint, network);
  return SETTINGS.flatMap((setting) => {
    const value = wanted[setting];
    if (is[setting] === value) return [];
    // Hairpin mode that nothing needs does no harm, and stays when a policy goes.
    if (setting === 'hairpin' && is.hairpin) return [];
    return [
      {
        kind: 'link',
        what: `link ${name} of ${owner} (${ifname}) has ${setting} ${value ? 'off' : 'on'}`,
        mend() {
          using rtnl = Rtnetlink.open();
          rtnl.setBridgePort(name, { [setting]: value });
        },
      },
    ];
  });
}

/**
 * A frame leaves by the port it came from only in hairpin mode. Our own hairpin traffic is routed,
 * except where br_netfilter takes NAT into the bridge. Learning and flooding are the kernel's defaults.
 */
function settingsOf({ ports }: Endpoint, network: Network) {
  const { icc, answersOnly } = parseBridgeOptions(network.options);
  return {
    isolated: !icc || answersOnly,
    hairpin: ports.length > 0 && isFiltered(network),
    learning: true,
    flood: true,
  };
}

/** Whether br_netfilter hands the network's frames to the firewall, of one family at least. */
function isFiltered({ policy }: Network): boolean {
  const calls = ['iptables', 'ip6tables'];
  return (
    policy !== undefined ||
    calls.some((what) => readSysctl(`bridge/bridge-nf-call-${what}`) === '1')
  );
}
