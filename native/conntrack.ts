/** The flows that the kernel tracks, and whose NAT it decided at their first packet (ctnetlink). */
import { AF_INET, AF_INET6, addressText } from './address-text.ts';
import { structs } from './rtnetlink/codec.ts';
import { attribute, only, type Reply, type Request } from './rtnetlink/message.ts';
import { NetlinkSocket } from './rtnetlink/socket.ts';
import { failedWith } from './sys-error.ts';

export type Family = 4 | 6;

/** A flow of datagrams, as its sender wrote it on the first of them. */
export interface UdpFlow {
  destination: string;
  destinationPort: number;
  /** Whose answers belong to it: where the datagrams are led. With NAT it is not `destination`. */
  answeredBy: string;
}

const NETLINK_NETFILTER = 12;
const IPPROTO_UDP = 17;
/** struct nfgenmsg (linux/netfilter/nfnetlink.h): family, version 0, no resource. */
const HEADER: Record<Family, Buffer> = {
  4: Buffer.from([AF_INET, 0, 0, 0]),
  6: Buffer.from([AF_INET6, 0, 0, 0]),
};
const HEADER_LENGTH = 4;
/** Bytes of an address. */
const LENGTH: Record<Family, number> = { 4: 4, 6: 16 };
// linux/netfilter/nfnetlink_conntrack.h; the upper byte is NFNL_SUBSYS_CTNETLINK.
const IPCTNL_MSG_CT_GET = 0x101;
const IPCTNL_MSG_CT_DELETE = 0x102;
const CTA = { original: 1, reply: 2, filter: 25 } as const;
const TUPLE = { ip: 1, protocol: 2 } as const;
/** CTA_IP_V4_SRC, CTA_IP_V4_DST; CTA_IP_V6_SRC, CTA_IP_V6_DST */
const IP: Record<Family, { source: number; destination: number }> = {
  4: { source: 1, destination: 2 },
  6: { source: 3, destination: 4 },
};
const PROTOCOL = { number: 1, destinationPort: 3 } as const;
const FILTER_ORIGINAL = 1;
/** CTA_FILTER_F_CTA_PROTO_NUM: only the protocol of the tuple counts. */
const BY_PROTOCOL = Buffer.from([8, 0, 0, 0]);
const TYPE = 0x3fff;
const NESTED = 0x8000;

/**
 * Forgets the stale ones among this namespace's flows of UDP over these families, so that the next datagram of each is
 * looked at anew: as long as a sender goes on, a flow keeps the NAT that it began with. A kernel
 * that has no ctnetlink keeps them until they time out.
 *
 * @returns how many were forgotten
 */
export function forgetUdpFlows(
  families: ReadonlySet<Family>,
  isStale: (flow: UdpFlow) => boolean,
): number {
  if (families.size === 0) return 0;
  const socket = new NetlinkSocket(NETLINK_NETFILTER);
  try {
    let forgotten = 0;
    for (const family of families) {
      const known = socket.dump(request(family), (reply) => decode(family, reply));
      const stale = known.filter(({ flow }) => flow && isStale(flow));
      for (const { tuple } of stale) forget(socket, family, tuple);
      forgotten += stale.length;
    }
    return forgotten;
  } catch (error) {
    // EINVAL: nobody has registered for messages of conntrack.
    if (failedWith(error, 'EINVAL', 'EOPNOTSUPP')) return 0;
    throw error;
  } finally {
    socket.close();
  }
}

function request(family: Family): Request {
  const udp = attribute(PROTOCOL.number, Buffer.from([IPPROTO_UDP]));
  return {
    type: IPCTNL_MSG_CT_GET,
    flags: 0,
    // A kernel before Linux 5.8 does not know the filter, and lists all there are.
    payload: Buffer.concat([
      HEADER[family],
      attribute(CTA.original | NESTED, attribute(TUPLE.protocol | NESTED, udp)),
      attribute(CTA.filter | NESTED, attribute(FILTER_ORIGINAL, BY_PROTOCOL)),
    ]),
    attempt: 'list the flows',
  };
}

function forget(socket: NetlinkSocket, family: Family, tuple: Buffer): void {
  const payload = Buffer.concat([HEADER[family], tuple]);
  try {
    socket.run([{ type: IPCTNL_MSG_CT_DELETE, flags: 0, payload, attempt: 'forget a flow' }]);
  } catch (error) {
    if (!failedWith(error, 'ENOENT')) throw error; // it has ended by itself
  }
}

interface Listed {
  /** Undefined if it is not UDP over this family. */
  flow: UdpFlow | undefined;
  /** The attribute that names it. */
  tuple: Buffer;
}

function decode(family: Family, { payload }: Reply): Listed {
  const attributes = payload.subarray(HEADER_LENGTH);
  const tuple = only(attributes, new Set([CTA.original]));
  const original = within(attributes, CTA.original);
  const protocol = within(original, TUPLE.protocol);
  const destination = within(within(original, TUPLE.ip), IP[family].destination);
  const port = within(protocol, PROTOCOL.destinationPort);
  const answers = within(within(within(attributes, CTA.reply), TUPLE.ip), IP[family].source);
  const isUdp = within(protocol, PROTOCOL.number)[0] === IPPROTO_UDP;
  const isOfFamily = [destination, answers].every(({ length }) => length === LENGTH[family]);
  if (!isUdp || !isOfFamily || port.length !== 2) {
    return { flow: undefined, tuple };
  }
  return {
    tuple,
    flow: {
      destination: addressText(destination),
      destinationPort: port.readUInt16BE(),
      answeredBy: addressText(answers),
    },
  };
}

/** What an attribute holds; nothing if there is none of this type. */
function within(attributes: Buffer, type: number): Buffer {
  let found: Buffer = Buffer.alloc(0);
  structs().parseAttributes(attributes, (one) => {
    if ((one.type & TYPE) === type) found = one.data;
  });
  return found;
}
