/** Virtual Ethernet pairs (veth(4)). */
import type { LinkAttrs } from 'netlink/dist/rt/ifla.js';
import { ifla, rt } from './codec.ts';
import {
  commonAttrs,
  createLink,
  type LinkRef,
  linkInfo,
  type NetnsRef,
  type NewLink,
  type Resolved,
} from './link.ts';
import { encode, type Request } from './message.ts';

export interface NewVeth extends NewLink {
  /** The bridge to become a port of. */
  master?: LinkRef;
  /** It is born down: the kernel refuses to bring it up before the pair is whole (ENOTCONN). */
  peer: {
    name: string;
    mac?: string;
    mtu?: number;
    /** The namespace in which the peer is born; else it is this one. */
    netns?: NetnsRef;
  };
}

export function newVeth(spec: NewVeth, { master, netns }: Resolved): Request {
  const { peer } = spec;
  const attrs = commonAttrs(peer);
  if (netns !== undefined) attrs.netNsFd = netns;
  const described = encode(rt().formatLink({}), ifla().formatLinkAttrs(attrs));
  const linkinfo = linkInfo({
    kind: 'veth',
    data: encode(ifla().formatVethInfo({ peer: described })),
  });
  const own: LinkAttrs = { linkinfo };
  if (master !== undefined) own.master = master;
  return createLink(`make the veth pair ${spec.name}, ${peer.name}`, spec, own);
}
