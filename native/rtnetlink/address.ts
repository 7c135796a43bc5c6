/** Interfaces' addresses: RTM_NEWADDR and its family (rtnetlink(7), ip-address(8)). */
import type { AddressAttrs } from 'netlink/dist/rt/gen_structs.js';
import { addressBytes, addressText, familyOf } from '../address-text.ts';
import { rt } from './codec.ts';
import { encode, NLM_F_CREATE, NLM_F_EXCL, only, type Reply, type Request } from './message.ts';

export interface Address {
  /** The interface's index. */
  link: number;
  address: string;
  /** Length of the prefix, in bits. */
  prefix: number;
  broadcast: string | undefined;
  /** IPv6: duplicate address detection is still under way. */
  tentative: boolean;
  /** IPv6: somebody else has it. */
  duplicate: boolean;
  /** 0 is the universe, 253 the link, 254 the host. */
  scope: number;
  /** Who gave it, 0 to 255, if that is told (IFA_PROTO, Linux 5.18). */
  protocol: number | undefined;
}

export interface NewAddress {
  address: string;
  /** Length of the prefix, in bits. */
  prefix: number;
  broadcast?: string;
  /** IPv6: usable at once, without a second of duplicate address detection (RFC 4862, 5.4). */
  nodad?: boolean;
  /** Do not add the on-link route that follows from the prefix. */
  noPrefixRoute?: boolean;
  /** Who gives it, 4 to 255; kernels before 5.18 do not keep it. */
  protocol?: number;
}

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const HEADER_LENGTH = 8;
/** IFA_ADDRESS, LOCAL, BROADCAST, FLAGS */
const KNOWN = new Set([1, 2, 4, 8]);
const IFA_PROTO = 11; // the codec does not know it

export function decodeAddress({ payload }: Reply): Address {
  const header = rt().parseAddress(payload.subarray(0, HEADER_LENGTH));
  const attrs = rt().parseAddressAttrs(only(payload.subarray(HEADER_LENGTH), KNOWN));
  const flags = attrs.flags ?? header.flags;
  // On a point-to-point link IFA_ADDRESS is the other end's, and IFA_LOCAL is ours.
  const address = attrs.local ?? attrs.address;
  return {
    link: header.index ?? 0,
    address: address ? addressText(address) : '',
    prefix: header.prefixlen ?? 0,
    broadcast: attrs.broadcast && addressText(attrs.broadcast),
    tentative: flags?.tentative === true,
    duplicate: flags?.dadfailed === true,
    scope: header.scope ?? 0,
    protocol: only(payload.subarray(HEADER_LENGTH), new Set([IFA_PROTO]))[4],
  };
}

/** Those of one interface, or all of them. */
export function getAddresses(link: number | undefined): Request {
  const header = rt().formatAddress({ index: link ?? 0 });
  return { type: RTM_GETADDR, flags: 0, payload: encode(header), attempt: 'list the addresses' };
}

export function newAddress(link: number, name: string, spec: NewAddress): Request {
  const attrs: AddressAttrs = {};
  if (spec.broadcast !== undefined) attrs.broadcast = addressBytes(spec.broadcast);
  if (spec.nodad || spec.noPrefixRoute) {
    attrs.flags = {
      ...(spec.nodad && { nodad: true }),
      ...(spec.noPrefixRoute && { noprefixroute: true }),
    };
  }
  const attempt = `add ${spec.address}/${spec.prefix} to ${name}`;
  return message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, attempt, link, spec, attrs);
}

export function deleteAddress(link: number, name: string, spec: NewAddress): Request {
  return message(
    RTM_DELADDR,
    0,
    `remove ${spec.address}/${spec.prefix} from ${name}`,
    link,
    spec,
    {},
  );
}

function message(
  type: number,
  flags: number,
  attempt: string,
  index: number,
  { address, prefix, protocol }: NewAddress,
  attrs: AddressAttrs,
): Request {
  const bytes = addressBytes(address);
  const header = rt().formatAddress({ family: familyOf(address), prefixlen: prefix, index });
  const all = { local: bytes, address: bytes, ...attrs };
  const known = rt().formatAddressAttrs(all);
  const payload =
    protocol === undefined
      ? encode(header, known)
      : encode(header, known, (out) => out.push(IFA_PROTO, Buffer.from([protocol])));
  return { type, flags, attempt, payload };
}
