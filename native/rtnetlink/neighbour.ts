/** The neighbour table (ARP, NDP): RTM_NEWNEIGH and its family (rtnetlink(7), ip-neighbour(8)). */

import { addressBytes, addressText, familyOf, macBytes, macText } from '../address-text.ts';
import { rt } from './codec.ts';
import { encode, NLM_F_CREATE, NLM_F_REPLACE, only, type Reply, type Request } from './message.ts';

export interface Neighbour {
  /** The index of the interface it is behind. */
  link: number;
  address: string;
  /** Undefined while nobody answered for the address. */
  mac: string | undefined;
  /** Set by somebody and not learnt. */
  permanent: boolean;
  /** Nobody answers for the address. */
  failed: boolean;
}

const RTM_NEWNEIGH = 28;
const RTM_DELNEIGH = 29;
const RTM_GETNEIGH = 30;
const HEADER_LENGTH = 12;
/** NDA_DST, LLADDR */
const KNOWN = new Set([1, 2]);

export function decodeNeighbour({ payload }: Reply): Neighbour {
  const header = rt().parseNeighbor(payload.subarray(0, HEADER_LENGTH));
  const attrs = rt().parseNeighborAttrs(only(payload.subarray(HEADER_LENGTH), KNOWN));
  return {
    link: header.ifindex ?? 0,
    address: attrs.dst ? addressText(attrs.dst) : '',
    mac: attrs.lladdr && macText(attrs.lladdr),
    permanent: header.state?.permanent === true,
    failed: header.state?.failed === true,
  };
}

export function getNeighbours(): Request {
  return {
    type: RTM_GETNEIGH,
    flags: 0,
    payload: encode(rt().formatNeighbor({})),
    attempt: 'list the neighbours',
  };
}

/** A permanent entry, in the place of whatever was known of the address. */
export function newNeighbour(ifindex: number, address: string, mac: string): Request {
  const header = rt().formatNeighbor({
    family: familyOf(address),
    ifindex,
    state: { permanent: true },
  });
  const attrs = rt().formatNeighborAttrs({ dst: addressBytes(address), lladdr: macBytes(mac) });
  return {
    type: RTM_NEWNEIGH,
    flags: NLM_F_CREATE | NLM_F_REPLACE,
    payload: encode(header, attrs),
    attempt: `say that ${address} is at ${mac}`,
  };
}

export function deleteNeighbour(ifindex: number, address: string): Request {
  const header = rt().formatNeighbor({ family: familyOf(address), ifindex });
  return {
    type: RTM_DELNEIGH,
    flags: 0,
    payload: encode(header, rt().formatNeighborAttrs({ dst: addressBytes(address) })),
    attempt: `forget the neighbour ${address}`,
  };
}
