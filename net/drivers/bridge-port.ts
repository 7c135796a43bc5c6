/** The pair between a sandbox and a bridge: made, and compared with what it was made as. */
import { HawserError } from '../../errors.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { failedWith } from '../../native/sys-error.ts';
import { aliasOfEndpoint, hostIfnameOf, isOfEndpoint } from '../kernel-names.ts';
import type { Endpoint, Network } from '../model.ts';
import { loopbackDifferences } from '../ports/loopback.ts';
import type { Difference } from '../repair/difference.ts';
import { bridgeOf, checkOurs } from './bridge-link.ts';
import type { Between } from './driver.ts';
import { interiorDifferences } from './interior.ts';
import { configurePort, portSettingDifferences } from './port-settings.ts';

export function addPair(endpoint: Endpoint, network: Network, rtnl: Rtnetlink): void {
  const { key, ifname, mac, mtu, sandbox } = endpoint;
  const pair = {
    name: hostIfnameOf(key),
    mtu,
    master: bridgeOf(network),
    up: true,
    peer: { name: ifname, mac, mtu, netns: sandbox.path },
  };
  try {
    rtnl.addVeth(pair);
  } catch (error) {
    if (!failedWith(error, 'EEXIST') || !removeLeftover(endpoint, rtnl)) throw error;
    rtnl.addVeth(pair);
  }
}

/** What a process that was killed has left under this name is nobody's. False if there is nothing. */
function removeLeftover(endpoint: Endpoint, rtnl: Rtnetlink): boolean {
  const link = rtnl.link(hostIfnameOf(endpoint.key));
  if (link === undefined) return false;
  if (isOfEndpoint(link, endpoint)) return rtnl.removeLink(link.name);
  throw new HawserError(
    'taken',
    `there is an interface ${link.name} already, which is not hawser's`,
  );
}

/** Where one end was taken elsewhere, the other is in the way of a new pair. */
function clearWay(endpoint: Endpoint, next: () => void): void {
  const { key, ifname, mac, sandbox } = endpoint;
  using rtnl = Rtnetlink.open();
  const link = rtnl.link(hostIfnameOf(key));
  if (link !== undefined && isOfEndpoint(link, endpoint)) rtnl.removeLink(link.index);
  using inside = Rtnetlink.open(sandbox.path);
  const own = inside.link(ifname);
  if (own?.kind === 'veth' && own.mac === mac) inside.removeLink(own.index);
  next();
}

/** @param join makes the pair anew, for one that is gone or is not the one that was made */
export function portDifferences(
  endpoint: Endpoint,
  network: Network,
  { rtnl, inside }: Between,
  join: Difference,
): Difference[] {
  const { key, ifname, owner, mtu, ports } = endpoint;
  const name = hostIfnameOf(key);
  const bridge = bridgeOf(network);
  const link = rtnl.link(name);
  const own = inside.link(ifname);
  if (link === undefined || own === undefined || own.linkIndex !== link.index) {
    return [{ ...join, mend: () => clearWay(endpoint, join.mend) }];
  }
  const differs = (what: string, mend: (rtnl: Rtnetlink) => void): Difference => ({
    kind: 'link',
    what: `link ${name} of ${owner} (${ifname}) ${what}`,
    mend() {
      using rtnl = Rtnetlink.open();
      mend(rtnl);
    },
  });
  const isPort = link.master !== undefined && link.master === rtnl.link(bridge)?.index;
  const moor = (rtnl: Rtnetlink) => {
    const there = rtnl.link(bridge);
    if (there !== undefined) checkOurs(network, there);
    rtnl.setLink(name, { master: bridge });
    configurePort(endpoint, network, rtnl); // what a port is set to goes with the bridge it leaves
  };
  const alias = aliasOfEndpoint(endpoint);
  return [
    ...(isPort ? [] : [differs(`is no port of ${bridge}`, moor)]),
    ...(link.alias === alias
      ? []
      : [differs('does not say whose it is', (rtnl) => rtnl.setLink(name, { alias }))]),
    ...(link.mtu === mtu
      ? []
      : [
          differs(`has an MTU of ${link.mtu} instead of ${mtu}`, (rtnl) =>
            rtnl.setLink(name, { mtu }),
          ),
        ]),
    ...(link.up ? [] : [differs('is down', (rtnl) => rtnl.setLink(name, { up: true }))]),
    ...(isPort ? portSettingDifferences(endpoint, network, rtnl) : []),
    ...(isPort ? loopbackDifferences(bridge, ports, rtnl) : []),
    ...interiorDifferences(endpoint, network, inside),
  ];
}
