/**
 * The bridge driver: one bridge a network, which holds the gateway addresses, and for each endpoint
 * a veth pair whose one end is a port of the bridge and whose other end is born in the sandbox.
 */
import { randomUUID } from 'node:crypto';
import { HawserError } from '../../errors.ts';
import { DEFAULT_BRIDGE, DEFAULT_NETWORK } from '../default-network.ts';
import { bridgeNameOf, hostIfnameOf, isOfNetwork } from '../kernel-names.ts';
import type { Network } from '../model.ts';
import { parseBridgeOptions } from '../options.ts';
import { filterBridged, filterDifferences } from '../policy/bridged.ts';
import { ensureForwarding, forwardingDifferences } from '../routing/forwarding.ts';
import { adoptedDifferences, adopting, leaveAdopted, useAdopted } from './adopted.ts';
import { bridgeDifferences, bridgeMtu, bridgeOf, checkOurs, makeBridge } from './bridge-link.ts';
import { addPair, portDifferences } from './bridge-port.ts';
import type { Driver } from './driver.ts';
import { configureInside } from './interior.ts';
import { configurePort } from './port-settings.ts';

export const bridgeDriver: Driver = {
  name: 'bridge',

  design(sketch, others, { rtnl }) {
    const { bridge = bridgeNameOf(sketch.id) } = parseBridgeOptions(sketch.options);
    const network = { ...sketch, bridge };
    refuseRival(network, others);
    return adopting(network, rtnl.link(bridge), rtnl);
  },

  ensure(network, host) {
    if (network.adopted !== undefined) return useAdopted(network, host);
    const link = host.rtnl.link(bridgeOf(network));
    if (link !== undefined) checkOurs(network, link);
    if (!network.internal) ensureForwarding(network, host.note);
    if (link === undefined) makeBridge(network, host.rtnl);
    return { mtu: link?.mtu ?? bridgeMtu(network, host.rtnl) };
  },

  differences: (network, endpoints, { rtnl, note }) => [
    ...(network.adopted === undefined
      ? bridgeDifferences(network, endpoints, rtnl)
      : adoptedDifferences(network, rtnl)),
    ...filterDifferences(network, rtnl),
    ...(network.internal ? [] : forwardingDifferences(network, note)),
  ],

  remove(network, { rtnl }) {
    if (network.adopted !== undefined) {
      const { policy, ...without } = network;
      if (policy !== undefined) filterBridged(without, rtnl);
      return leaveAdopted(network, rtnl);
    }
    const link = rtnl.link(bridgeOf(network));
    if (link !== undefined && isOfNetwork(link, network)) rtnl.removeLink(link.name);
  },

  capacity: () => undefined,
  hostIfname: hostIfnameOf,

  plug(endpoint, network, { rtnl, inside }, undo) {
    addPair(endpoint, network, rtnl);
    undo('attach:veth', () => rtnl.removeLink(hostIfnameOf(endpoint.key)));
    configurePort(endpoint, network, rtnl);
    undo('attach:port', () => {}); // went with the pair
    configureInside(endpoint, network, inside);
    undo('attach:addresses', () => {});
  },

  setPorts: (endpoint, network, { rtnl }) => configurePort(endpoint, network, rtnl),

  unplug({ key }, { rtnl }) {
    rtnl.removeLink(hostIfnameOf(key));
  },

  unhook({ key }, { rtnl }) {
    const link = rtnl.link(hostIfnameOf(key));
    if (link === undefined) return;
    rtnl.batch(() => {
      // A port that is down forwards nothing, and the bridge forgets who was behind it.
      rtnl.setLink(link.index, { up: false });
      // Out of the way of the next endpoint with this key, which may come before the kernel is done.
      rtnl.setLink(link.index, { name: hostIfnameOf(randomUUID()) });
    });
  },

  endpointDifferences: portDifferences,
};

/** One bridge is one network's; the default network's is kept for it, whichever is made first. */
function refuseRival({ name, bridge }: Network, others: readonly Network[]): void {
  const refuse = (why: string) => {
    throw new HawserError('taken', `interface ${bridge} is that of network ${why}`);
  };
  if (bridge === DEFAULT_BRIDGE && name !== DEFAULT_NETWORK) {
    refuse(`${DEFAULT_NETWORK}, made at its first use`);
  }
  const rival = others.find((other) => other.bridge === bridge);
  if (rival !== undefined) refuse(rival.name);
}
