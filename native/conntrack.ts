/** The flows that the kernel tracks, and whose NAT it decided at their first packet (ctnetlink). */
import { addressText } from './address-text.ts';
import { structs } from './rtnetlink/codec.ts';
import { only, type Reply, type Request } from './rtnetlink/message.ts';
import { NetlinkSocket } from './rtnetlink/socket.ts';
import { failedWith } from './sys-error.ts';

/** A flow of datagrams over IPv4, as its sender wrote it on the first of them. */
export interface UdpFlow {
  destination: string;
  destinationPort: number;
  /** Whose answers belong to it: where the datagrams are led. With NAT it is not `destination`. */
  answeredBy: string;
}

const NETLINK_NETFILTER = 12;
const IPPROTO_UDP = 17;
/** struct nfgenmsg (linux/netfilter/nfnetlink.h): AF_INET, version 0, no resource. */
const HEADER = Buffer.from([2, 0, 0, 0]);
// linux/netfilter/nfnetlink_conntrack.h; the upper byte is NFNL_SUBSYS_CTNETLINK.
const IPCTNL_MSG_CT_GET = 0x101;
const IPCTNL_MSG_CT_DELETE = 0x102;
const CTA = { original: 1, reply: 2, filter: 25 } as const;
const TUPLE = { ip: 1, protocol: 2 } as const;
const IP = { source: 1, destination: 2 } as const;
const PROTOCOL = { number: 1, destinationPort: 3 } as const;
const FILTER_ORIGINAL = 1;
/** CTA_FILTER_F_CTA_PROTO_NUM: only the protocol of the tuple counts. */
const BY_PROTOCOL = Buffer.from([8, 0, 0, 0]);
const TYPE = 0x3fff;
const NESTED = 0x8000;

/**
 * Forgets the stale ones among this namespace's flows of UDP, so that the next datagram of each is
 * looked at anew: as long as a sender goes on, a flow keeps the NAT that it began with. A kernel
 * that has no ctnetlink keeps them until they time out.
 *
 * @returns how many were forgotten
 */
export function forgetUdpFlows(isStale: (flow: UdpFlow) => boolean): number {
  const socket = new NetlinkSocket(NETLINK_NETFILTER);
  try {
    const stale = socket.dump(request(), decode).filter(({ flow }) => flow && isStale(flow));
    for (const { tuple } of stale) forget(socket, tuple);
    return stale.length;
  } catch (error) {
    // EINVAL: nobody has registered for messages of conntrack.
    if (failedWith(error, 'EINVAL', 'EOPNOTSUPP')) return 0;
    throw error;
  } finally {
    socket.close();
  }
}

function request(): Request {
  const udp = attribute(PROTOCOL.number, Buffer.from([IPPROTO_UDP]));
  return {
    type: IPCTNL_MSG_CT_GET,
    flags: 0,
    // A kernel before Linux 5.8 does not know the filter, and lists all there are.
    payload: Buffer.concat([
      HEADER,
      attribute(CTA.original | NESTED, attribute(TUPLE.protocol | NESTED, udp)),
      attribute(CTA.filter | NESTED, attribute(FILTER_ORIGINAL, BY_PROTOCOL)),
    ]),
    attempt: 'list the flows',
  };
}

function forget(socket: NetlinkSocket, tuple: Buffer): void {
  const payload = Buffer.concat([HEADER, tuple]);
  try {
    socket.run([{ type: IPCTNL_MSG_CT_DELETE, flags: 0, payload, attempt: 'forget a flow' }]);
  } catch (error) {
    if (!failedWith(error, 'ENOENT')) throw error; // it has ended by itself
  }
}

/** A listed flow, undefined if it is not UDP over IPv4, and the attribute that names it. */
function decode({ payload }: Reply): { flow: UdpFlow | undefined; tuple: Buffer } {
  const attributes = payload.subarray(HEADER.length);
  const tuple = only(attributes, new Set([CTA.original]));
  const original = within(attributes, CTA.original);
  const protocol = within(original, TUPLE.protocol);
  const destination = within(within(original, TUPLE.ip), IP.destination);
  const port = within(protocol, PROTOCOL.destinationPort);
  const answers = within(within(within(attributes, CTA.reply), TUPLE.ip), IP.source);
  const isUdp = within(protocol, PROTOCOL.number)[0] === IPPROTO_UDP;
  if (!isUdp || destination.length !== 4 || answers.length !== 4 || port.length !== 2) {
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

/** struct nlattr: u16 length, u16 type, then the data, padded to 4 bytes. */
function attribute(type: number, data: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + ((data.length + 3) & ~3));
  bytes.writeUInt16LE(4 + data.length, 0);
  bytes.writeUInt16LE(type, 2);
  data.copy(bytes, 4);
  return bytes;
}
