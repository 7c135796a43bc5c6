/** A router advertisement as any neighbour can send one (RFC 4861, 4.2), with a prefix to live in. */
import { addressBytes } from '../../native/address-text.ts';
import { bind, libc } from '../../native/ffi.ts';
import { close } from '../../native/libc.ts';
import { check } from '../../native/sys-error.ts';
import type { Place } from './fakehost.ts';

const c = {
  socket: bind<(domain: number, type: number, protocol: number) => number>(
    libc,
    'int socket(int domain, int type, int protocol)',
  ),
  setsockopt: bind<
    (fd: number, level: number, name: number, value: Buffer, size: number) => number
  >(libc, 'int setsockopt(int fd, int level, int name, const void *value, uint size)'),
  sendto: bind<
    (fd: number, data: Buffer, size: bigint, flags: number, to: Buffer, toSize: number) => number
  >(libc, 'long sendto(int fd, void *data, size_t size, int flags, void *to, uint toSize)'),
};

const [AF_INET6, SOCK_RAW_CLOEXEC, IPPROTO_ICMPV6] = [10, 0o2000003, 58];
const [IPPROTO_IPV6, IPV6_MULTICAST_HOPS] = [41, 18];

/** Sends it to all nodes on the link that is number `link` there; the kernel adds the checksum. */
export function advertise(at: Place, link: number, prefix: string): void {
  at.inside(() => {
    const fd = check(
      c.socket(AF_INET6, SOCK_RAW_CLOEXEC, IPPROTO_ICMPV6),
      'socket',
      'open a socket',
    );
    try {
      const hops = Buffer.from([255, 0, 0, 0]); // who got through a router is not believed
      const set = c.setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops, hops.length);
      check(set, 'setsockopt', 'set the hop limit');
      const data = advertisement(prefix);
      const to = allNodes(link);
      const sent = c.sendto(fd, data, BigInt(data.length), 0, to, to.length);
      check(Number(sent), 'sendto', 'send an advertisement');
    } finally {
      close(fd);
    }
  });
}

function advertisement(prefix: string): Buffer {
  const router = Buffer.alloc(16);
  router.writeUInt8(134, 0); // ICMPv6 type
  router.writeUInt8(64, 4); // hop limit
  router.writeUInt16BE(1800, 6); // seconds for which it is a default router
  const option = Buffer.alloc(32);
  option.set([3, 4, 64, 0xc0]); // prefix information: 4 × 8 octets, a /64, on-link and autonomous
  option.writeUInt32BE(86400, 4);
  option.writeUInt32BE(86400, 8);
  option.set(addressBytes(prefix), 16);
  return Buffer.concat([router, option]);
}

/** struct sockaddr_in6 of ff02::1 on a link. */
function allNodes(link: number): Buffer {
  const address = Buffer.alloc(28);
  address.writeUInt16LE(AF_INET6, 0);
  address.set(addressBytes('ff02::1'), 8);
  address.writeUInt32LE(link, 24);
  return address;
}
