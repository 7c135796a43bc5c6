/** Network interfaces: RTM_NEWLINK and its family (rtnetlink(7), ip-link(8)). */
import type { DeviceFlags } from 'netlink/dist/rt/gen_structs.js';
import type { LinkAttrs } from 'netlink/dist/rt/ifla.js';
import { macBytes, macText } from '../address-text.ts';
import { ifla, rt, structs } from './codec.ts';
import { encode, NLM_F_CREATE, NLM_F_EXCL, only, type Reply, type Request } from './message.ts';

/** An interface, as the kernel tells it. */
export interface Link {
  index: number;
  name: string;
  /** Empty for a device without a hardware address. */
  mac: string;
  /** Bytes. */
  mtu: number;
  /** Administratively up. */
  up: boolean;
  /** Up, and with a carrier. */
  running: boolean;
  loopback: boolean;
  /** The index of the bridge (or bond, ...) that this is a port of. */
  master: number | undefined;
  /** `bridge`, `veth`, `vxlan`, ...; a physical device has none. */
  kind: string | undefined;
  alias: string | undefined;
  /** The other end's index, in its own namespace (veth), or the lower device's (macvlan). */
  linkIndex: number | undefined;
  /** This namespace's number for the namespace that `linkIndex` is of; undefined is this one. */
  peerNetnsId: number | undefined;
}

/** What can be said of any link at its birth. */
export interface NewLink {
  name: string;
  mac?: string;
  /** Bytes. */
  mtu?: number;
  up?: boolean;
  alias?: string;
}

export interface LinkChange {
  up?: boolean;
  mac?: string;
  mtu?: number;
  alias?: string;
  /** A new name. */
  name?: string;
  /** The bridge to become a port of; 0 leaves the one it is in. */
  master?: LinkRef;
  /** The namespace to move to. */
  netns?: NetnsRef;
}

/** An interface, by its index or its name. */
export type LinkRef = number | string;

/** A network namespace, by an open descriptor or a path. */
export type NetnsRef = number | string;

/** What the kernel wants in the place of names and paths. */
export interface Resolved {
  /** An index. */
  master: number | undefined;
  /** An open descriptor. */
  netns: number | undefined;
}

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;

/** struct ifinfomsg */
export const HEADER_LENGTH = 16;
const RTEXT_FILTER_SKIP_STATS = 8;
/** IFLA_ADDRESS, IFNAME, MTU, LINK, MASTER, LINKINFO, IFALIAS, LINK_NETNSID */
const KNOWN = new Set([1, 3, 4, 5, 10, 18, 20, 37]);
/** IFLA_INFO_KIND */
const KNOWN_INFO = new Set([1]);

export function decodeLink({ payload }: Reply): Link {
  const header = rt().parseLink(payload.subarray(0, HEADER_LENGTH));
  const attrs = ifla().parseLinkAttrs(only(payload.subarray(HEADER_LENGTH), KNOWN));
  const info = attrs.linkinfo && ifla().parseInfo(only(attrs.linkinfo, KNOWN_INFO));
  return {
    index: header.index ?? 0,
    name: attrs.ifname ?? '',
    mac: attrs.address ? macText(attrs.address) : '',
    mtu: attrs.mtu ?? 0,
    up: header.flags?.up === true,
    running: header.flags?.running === true,
    loopback: header.flags?.loopback === true,
    master: attrs.master,
    kind: info?.kind,
    alias: attrs.ifalias,
    linkIndex: attrs.link?.readUInt32LE(0),
    peerNetnsId: attrs.linkNetnsid,
  };
}

export function getLinks(): Request {
  return linkRequest(RTM_GETLINK, 0, 'list the interfaces', 0, { extMask: skipStats() });
}

export function getLink(ref: LinkRef): Request {
  return linkRequest(RTM_GETLINK, 0, `look up ${refText(ref)}`, ref, { extMask: skipStats() });
}

export function changeLink(
  ref: LinkRef,
  change: LinkChange,
  { master, netns }: Resolved = { master: undefined, netns: undefined },
): Request {
  const attrs = commonAttrs(change);
  if (change.alias !== undefined) attrs.ifalias = change.alias;
  if (master !== undefined) attrs.master = master;
  if (netns !== undefined) attrs.netNsFd = netns;
  const attempt = `set ${Object.keys(change).join(', ')} of ${refText(ref)}`;
  return linkRequest(RTM_NEWLINK, 0, attempt, ref, attrs, change.up);
}

export function deleteLink(ref: LinkRef): Request {
  return linkRequest(RTM_DELLINK, 0, `remove ${refText(ref)}`, ref, {});
}

export function refText(ref: LinkRef): string {
  return typeof ref === 'string' ? ref : `interface ${ref}`;
}

/** The making of a link. Its alias must wait: the kernel takes that only for a link that exists. */
export function createLink(attempt: string, spec: NewLink, attrs: LinkAttrs): Request {
  const flags = NLM_F_CREATE | NLM_F_EXCL;
  return linkRequest(RTM_NEWLINK, flags, attempt, 0, { ...commonAttrs(spec), ...attrs }, spec.up);
}

/** What any link can be given, at its birth or later. */
export function commonAttrs({
  name,
  mac,
  mtu,
}: {
  name?: string;
  mac?: string;
  mtu?: number;
}): LinkAttrs {
  const attrs: LinkAttrs = {};
  if (name !== undefined) attrs.ifname = name;
  if (mac !== undefined) attrs.address = macBytes(mac);
  if (mtu !== undefined) attrs.mtu = mtu;
  return attrs;
}

/** Any request about one link. */
export function linkRequest(
  type: number,
  flags: number,
  attempt: string,
  ref: LinkRef,
  attrs: LinkAttrs,
  up?: boolean,
): Request {
  const change: DeviceFlags = up === undefined ? {} : { up: true };
  const index = typeof ref === 'number' ? ref : 0;
  const header = rt().formatLink({ index, flags: up ? { up: true } : {}, change });
  // A name is how the kernel finds the link if the index is 0, and a new name for it if not.
  const named = typeof ref === 'string' ? { ...attrs, ifname: ref } : attrs;
  return { type, flags, attempt, payload: encode(header, ifla().formatLinkAttrs(named)) };
}

/** IFLA_LINKINFO: what kind of link it is, and of what kind of master it is a port. */
export function linkInfo(value: {
  kind?: string;
  data?: Buffer;
  slaveKind?: string;
  slaveData?: Buffer;
}): Buffer {
  return encode(ifla().formatInfo(value));
}

function skipStats(): Buffer {
  return structs().putU32(RTEXT_FILTER_SKIP_STATS);
}
