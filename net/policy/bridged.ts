/**
 * What neighbours say to one another is bridged, and comes before the host's rules by br_netfilter
 * alone. The bridge of a network with a policy, and no other, hands it over.
 */
import { HawserError } from '../../errors.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import type { Endpoint, Network } from '../model.ts';
import type { Difference } from '../repair/difference.ts';
import { readSysctl } from '../settings/sysctl.ts';

/** @throws HawserError 'unsupported' for a policy that could not be enforced */
export function checkSupport({ bridge, policy }: Network): void {
  if (policy === undefined) return;
  if (bridge === undefined) {
    throw new HawserError(
      'unsupported',
      'only a bridge network has a policy, its packets pass the host',
    );
  }
  if (readSysctl('bridge/bridge-nf-call-iptables') === undefined) {
    throw new HawserError('unsupported', 'this kernel does not filter what is bridged', {
      hint: 'modprobe br_netfilter',
    });
  }
}

/** Sets the bridge as its network's policy, or the lack of one, calls for. */
export function filterBridged({ bridge, policy }: Network, rtnl: Rtnetlink): void {
  if (bridge === undefined || rtnl.bridge(bridge) === undefined) return;
  rtnl.setBridge(bridge, { callIptables: policy !== undefined });
}

/** With it, translation within the bridge may lead back by the port that a frame came from. */
export function allowHairpins(endpoints: readonly Endpoint[], rtnl: Rtnetlink): void {
  for (const { hostIfname, ports } of endpoints) {
    if (hostIfname === undefined || ports.length === 0) continue;
    if (rtnl.link(hostIfname) !== undefined) rtnl.setBridgePort(hostIfname, { hairpin: true });
  }
}

/** Of a bridge that the user made, what it does beyond the policy is the user's affair. */
export function filterDifferences(network: Network, rtnl: Rtnetlink): Difference[] {
  const { bridge, name, policy, adopted } = network;
  const isOn = bridge === undefined ? undefined : rtnl.bridge(bridge)?.callIptables;
  if (isOn === undefined || isOn === (policy !== undefined)) return [];
  if (policy === undefined && adopted !== undefined) return [];
  return [
    {
      kind: 'bridge',
      what: `bridge ${bridge} of network ${name} ${isOn ? 'filters its frames, and has no policy' : 'keeps its frames from the policy'}`,
      mend() {
        using rtnl = Rtnetlink.open();
        filterBridged(network, rtnl);
      },
    },
  ];
}
