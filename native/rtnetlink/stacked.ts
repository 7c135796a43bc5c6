/** Links that stand on another one: macvlan, ipvlan and VLANs (ip-link(8)). */
import { ifla, structs } from './codec.ts';
import type { LinkRef, NetnsRef } from './link.ts';
import { createLink, linkInfo, linkRequest, type NewLink, RTM_NEWLINK } from './link.ts';
import { encode, NLM_F_CREATE, NLM_F_EXCL, type Request } from './message.ts';

export type MacvlanMode = 'bridge' | 'private' | 'vepa' | 'passthru';
export type IpvlanMode = 'l2' | 'l3' | 'l3s';
export type IpvlanFlag = 'bridge' | 'private' | 'vepa';

export type Stacking =
  | { kind: 'macvlan'; mode: MacvlanMode }
  | { kind: 'ipvlan'; mode: IpvlanMode; flag: IpvlanFlag }
  | { kind: 'vlan'; id: number };

export interface NewStacked extends Omit<NewLink, 'alias'> {
  /** The link it stands on, in the namespace of the socket. */
  parent: LinkRef;
  stacking: Stacking;
  /** The namespace in which it is born; else it is the socket's. */
  netns?: NetnsRef;
}

/** IFLA_IPVLAN_FLAGS (<linux/if_link.h>) */
const IPVLAN_FLAGS: Record<IpvlanFlag, number> = { bridge: 0, private: 1, vepa: 2 };

export function newStacked(
  spec: NewStacked,
  parent: { index: number; name: string },
  netns: number | undefined,
): Request {
  const { stacking } = spec;
  return createLink(`make a ${stacking.kind} on ${parent.name}`, spec, {
    link: structs().putU32(parent.index),
    linkinfo: linkInfo({ kind: stacking.kind, data: described(stacking) }),
    ...(netns !== undefined && { netNsFd: netns }),
  });
}

function described(stacking: Stacking): Buffer {
  const { formatIpvlan, formatMacvlan, formatMacvlanMode, formatVlan, IpvlanMode } = ifla();
  switch (stacking.kind) {
    case 'macvlan':
      return encode(formatMacvlan({ mode: formatMacvlanMode({ [stacking.mode]: true }) }));
    case 'ipvlan': {
      const mode = { l2: IpvlanMode.L2, l3: IpvlanMode.L3, l3s: IpvlanMode.L3S }[stacking.mode];
      const flags = structs().putU16(IPVLAN_FLAGS[stacking.flag]);
      return encode(formatIpvlan({ mode, flags }));
    }
    case 'vlan':
      return encode(formatVlan({ id: stacking.id }));
  }
}

/** What no kernel carries out: without a link below. One that does not know the kind says that first. */
export function baseless(kind: Stacking['kind']): Request {
  const flags = NLM_F_CREATE | NLM_F_EXCL;
  return linkRequest(RTM_NEWLINK, flags, `make a ${kind} on nothing`, 0, {
    linkinfo: linkInfo({ kind }),
  });
}
