/** The bridge of a network: made whole, or compared with what it was made as. */
import { isIPv4 } from 'node:net';
import { HawserError } from '../../errors.ts';
import type { Link } from '../../native/rtnetlink/link.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { aliasOfNetwork, bridgeMac, bridgeNameOf, isOfNetwork } from '../kernel-names.ts';
import type { Endpoint, Network } from '../model.ts';
import { parseBridgeOptions } from '../options.ts';
import { filterBridged } from '../policy/bridged.ts';
import type { Difference } from '../repair/difference.ts';
import { defaultRouteMtu } from '../routing/default-route.ts';
import { settingDifferences } from '../settings/differences.ts';
import { ensureSysctl } from '../settings/sysctl.ts';
import { QUIET } from './interior.ts';

export function bridgeOf({ bridge, id }: Network): string {
  return bridge ?? bridgeNameOf(id);
}

export function makeBridge(network: Network, rtnl: Rtnetlink): void {
  const bridge = bridgeOf(network);
  rtnl.addBridge({ name: bridge, mac: bridgeMac(bridge) });
  try {
    // An MTU it is born with would be forgotten with its last port (br_mtu_auto_adjust).
    rtnl.setLink(bridge, { alias: aliasOfNetwork(network), mtu: bridgeMtu(network, rtnl) });
    for (const setting of QUIET) ensureSysctl(`ipv6/conf/${bridge}/${setting}`, '0');
    for (const { subnet, gateway } of network.subnets) addGateway(bridge, subnet, gateway, rtnl);
    if (network.policy !== undefined) filterBridged(network, rtnl);
    rtnl.setLink(bridge, { up: true });
  } catch (error) {
    rtnl.removeLink(bridge);
    throw error;
  }
}

/** A bridge that is there: ours, or in somebody's way. */
export function checkOurs(network: Network, link: Link): void {
  if (network.adopted !== undefined || isOfNetwork(link, network)) return;
  throw new HawserError(
    'taken',
    `network ${network.name}: there is an interface ${link.name} already, which is not hawser's`,
    { hint: 'choose another name: -o com.docker.network.bridge.name=NAME' },
  );
}

export function bridgeMtu(network: Network, rtnl: Rtnetlink): number {
  return parseBridgeOptions(network.options).mtu ?? defaultRouteMtu(rtnl);
}

/** @param endpoints the network's: they were made as large as the bridge was */
export function bridgeDifferences(
  network: Network,
  endpoints: readonly Endpoint[],
  rtnl: Rtnetlink,
): Difference[] {
  const bridge = bridgeOf(network);
  const link = rtnl.link(bridge);
  const differs = (kind: string, what: string, mend: (rtnl: Rtnetlink) => void): Difference => ({
    kind,
    what: `bridge ${bridge} of network ${network.name} ${what}`,
    mend() {
      using rtnl = Rtnetlink.open();
      mend(rtnl);
    },
  });
  if (link === undefined) {
    return [differs('bridge', 'is missing', (rtnl) => makeBridge(network, rtnl))];
  }
  if (!isOfNetwork(link, network)) {
    return [differs('bridge', "is not hawser's", () => checkOurs(network, link))];
  }
  const mtu = parseBridgeOptions(network.options).mtu ?? endpoints[0]?.mtu ?? link.mtu;
  const mac = bridgeMac(bridge);
  const alias = aliasOfNetwork(network);
  const set = (what: string, change: Parameters<Rtnetlink['setLink']>[1]) =>
    differs('bridge', what, (rtnl) => rtnl.setLink(bridge, change));
  const addresses = new Set(rtnl.addresses(bridge).map(({ address }) => address));
  return [
    ...(link.alias === alias ? [] : [set('does not say whose it is', { alias })]),
    ...(link.mac === mac ? [] : [set(`has the MAC ${link.mac} instead of ${mac}`, { mac })]),
    ...(link.mtu === mtu ? [] : [set(`has an MTU of ${link.mtu} instead of ${mtu}`, { mtu })]),
    ...settingDifferences(
      Object.fromEntries(QUIET.map((setting) => [`ipv6/conf/${bridge}/${setting}`, '0'])),
    ),
    ...(link.up ? [] : [set('is down', { up: true })]),
    ...network.subnets
      .filter(({ gateway }) => !addresses.has(gateway))
      .map(({ subnet, gateway }) =>
        differs('address', `lacks its address ${gateway}`, (rtnl) =>
          addGateway(bridge, subnet, gateway, rtnl),
        ),
      ),
  ];
}

/** Without duplicate address detection, whose second of waiting has nothing to find here. */
function addGateway(bridge: string, subnet: string, gateway: string, rtnl: Rtnetlink): void {
  const prefix = Number(subnet.split('/')[1]);
  rtnl.addAddress(bridge, { address: gateway, prefix, nodad: !isIPv4(gateway) });
}
