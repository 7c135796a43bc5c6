/** The ports that sockets are bound to, all at once (sock_diag(7)). */
import { AF_INET, AF_INET6 } from './address-text.ts';
import type { Reply, Request } from './rtnetlink/message.ts';
import { NetlinkSocket } from './rtnetlink/socket.ts';
import { failedWith } from './sys-error.ts';

const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const PROTOCOLS = { tcp: 6, udp: 17 } as const;
/** Bits by the states' numbers (netinet/tcp.h): CLOSE and LISTEN, and bound without either (Linux 6.8). */
const STATES = (1 << 7) | (1 << 10) | (1 << 13);

/**
 * The ports of either family that a program waits on, in this network namespace; without those that
 * are bound and do not listen on a kernel before Linux 6.8.
 *
 * @returns undefined if the kernel cannot list them (no inet_diag)
 */
export function boundPorts(protocol: 'tcp' | 'udp'): Set<number> | undefined {
  const socket = new NetlinkSocket(NETLINK_SOCK_DIAG);
  try {
    const families = [AF_INET, AF_INET6];
    return new Set(families.flatMap((family) => socket.dump(request(family, protocol), port)));
  } catch (error) {
    if (failedWith(error, 'ENOENT', 'EINVAL', 'EOPNOTSUPP')) return undefined;
    throw error;
  } finally {
    socket.close();
  }
}

/** struct inet_diag_req_v2: family, protocol, extensions, padding, u32 states, and a socket's id. */
function request(family: number, protocol: 'tcp' | 'udp'): Request {
  const payload = Buffer.alloc(56);
  payload.writeUInt8(family, 0);
  payload.writeUInt8(PROTOCOLS[protocol], 1);
  payload.writeUInt32LE(STATES, 4);
  return { type: SOCK_DIAG_BY_FAMILY, flags: 0, payload, attempt: `list ${protocol} sockets` };
}

/** struct inet_diag_msg: four bytes, then the id, which begins with the port in network order. */
function port({ payload }: Reply): number {
  return payload.readUInt16BE(4);
}
