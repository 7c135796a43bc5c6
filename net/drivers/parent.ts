/** The host's interface that macvlan and ipvlan links stand on, or the VLAN that is made on it. */
import { HawserError } from '../../errors.ts';
import type { Link } from '../../native/rtnetlink/link.ts';
import type { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { aliasOfNetwork, isOfNetwork } from '../kernel-names.ts';
import type { Network } from '../model.ts';

/** Which interface of the host a VLAN is on, and its number: `eth0.50`, as Docker names them. */
interface Vlan {
  name: string;
  base: string;
  id: number;
}

/**
 * The parent, which must be there and up.
 *
 * @throws HawserError 'not-found' or 'state'
 */
export function requireParent({ parent = '?' }: Network, rtnl: Rtnetlink): Link {
  const link = rtnl.link(parent);
  if (link === undefined) {
    throw new HawserError('not-found', `parent ${parent} is not there`, {
      hint: 'see: ip link',
    });
  }
  if (link.up) return link;
  throw new HawserError('state', `parent ${parent} is down`, {
    hint: `ip link set ${parent} up`,
  });
}

/**
 * Refuses a parent that is not there, unless it is a VLAN that can be made. Nothing is made.
 *
 * @throws HawserError 'not-found' or 'unsupported'
 */
export function checkParent(network: Network, rtnl: Rtnetlink): void {
  const vlan = vlanOf(network, rtnl);
  if (vlan === undefined) requireParent(network, rtnl);
  else if (!rtnl.offers('vlan')) {
    throw new HawserError(
      'unsupported',
      `this kernel has no VLANs (802.1Q), so ${vlan.name} cannot be made on ${vlan.base}`,
      { hint: 'modprobe 8021q' },
    );
  }
}

/** Makes the parent if it is a VLAN that is not there, marked as this network's; says what it did. */
export function ensureVlan(network: Network, rtnl: Rtnetlink): string[] {
  const vlan = vlanOf(network, rtnl);
  if (vlan === undefined) return [];
  const { name, base, id } = vlan;
  rtnl.addStacked({ name, parent: base, stacking: { kind: 'vlan', id } });
  try {
    rtnl.setLink(name, { alias: aliasOfNetwork(network) });
    rtnl.setLink(name, { up: true });
  } catch (error) {
    rtnl.removeLink(name);
    throw error;
  }
  return [`VLAN ${name} made`];
}

/** A VLAN that was made for this network goes with it, or passes on to one that uses it too. */
export function releaseVlan(network: Network, others: readonly Network[], rtnl: Rtnetlink): void {
  const link = rtnl.link(network.parent ?? '');
  if (link === undefined || !isOfNetwork(link, network)) return;
  const heir = others.find(({ id, parent }) => id !== network.id && parent === network.parent);
  if (heir === undefined) rtnl.removeLink(link.name);
  else rtnl.setLink(link.index, { alias: aliasOfNetwork(heir) });
}

/** The VLAN that a parent's name asks for, if there is no such interface yet but the one below it. */
function vlanOf({ parent = '' }: Network, rtnl: Rtnetlink): Vlan | undefined {
  const [, base, number] = /^(.+)\.(\d{1,4})$/.exec(parent) ?? [];
  const id = Number(number);
  if (base === undefined || id < 1 || id > 4094) return undefined; // IEEE 802.1Q: 0 and 4095 are reserved
  if (rtnl.link(parent) !== undefined || rtnl.link(base) === undefined) return undefined;
  return { name: parent, base, id };
}
