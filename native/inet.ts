/** UDP and TCP sockets that never wait, for a loop of one's own over epoll. */
import { AF_INET6, familyOf } from './address-text.ts';
import { bind, libc } from './ffi.ts';
import { close } from './libc.ts';
import { SOCKADDR_SIZE, socketAddress } from './sockaddr.ts';
import { check, lastErrno, SysError } from './sys-error.ts';

const c = {
  socket: bind<(domain: number, type: number, protocol: number) => number>(
    libc,
    'int socket(int domain, int type, int protocol)',
  ),
  setsockopt: bind<
    (fd: number, level: number, name: number, value: Buffer, size: number) => number
  >(libc, 'int setsockopt(int fd, int level, int name, const void *value, uint size)'),
  bind: bind<(fd: number, address: Buffer, size: number) => number>(
    libc,
    'int bind(int fd, const void *address, uint size)',
  ),
  connect: bind<(fd: number, address: Buffer, size: number) => number>(
    libc,
    'int connect(int fd, const void *address, uint size)',
  ),
  listen: bind<(fd: number, backlog: number) => number>(libc, 'int listen(int fd, int backlog)'),
  accept: bind<(fd: number, address: Buffer, size: Buffer, flags: number) => number>(
    libc,
    'int accept4(int fd, _Out_ void *address, _Inout_ void *size, int flags)',
  ),
  recvfrom: bind<
    (fd: number, to: Buffer, size: number, flags: number, from: Buffer, fromSize: Buffer) => number
  >(
    libc,
    'long recvfrom(int fd, _Out_ void *to, size_t size, int flags, _Out_ void *from, _Inout_ void *fromSize)',
  ),
  sendto: bind<
    (fd: number, bytes: Buffer, size: number, flags: number, to: Buffer, toSize: number) => number
  >(
    libc,
    'long sendto(int fd, const void *bytes, size_t size, int flags, const void *to, uint toSize)',
  ),
  recv: bind<(fd: number, to: Buffer, size: number, flags: number) => number>(
    libc,
    'long recv(int fd, _Out_ void *to, size_t size, int flags)',
  ),
  send: bind<(fd: number, bytes: Buffer, size: number, flags: number) => number>(
    libc,
    'long send(int fd, const void *bytes, size_t size, int flags)',
  ),
};

const TYPES = { tcp: 1, udp: 2 } as const;
/** SOCK_NONBLOCK | SOCK_CLOEXEC */
const FLAGS = 0o2004000;
const [SOL_SOCKET, SO_REUSEADDR, SO_RCVBUFFORCE] = [1, 2, 33] as const;
const [IPPROTO_IPV6, IPV6_V6ONLY] = [41, 26] as const;
const MSG_NOSIGNAL = 0x4000;
const [EAGAIN, EAFNOSUPPORT, EADDRNOTAVAIL, EINPROGRESS] = [11, 97, 99, 115] as const;
const BACKLOG = 128;
/** Bytes of datagrams that wait: some thousand small ones, where the usual buffer holds 270. */
const QUEUE = 1 << 20;

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

/** A socket on a port of all addresses of this host; IPv4 ones too come to it as IPv6, if there is IPv6. */
export function listenAnywhere(protocol: 'tcp' | 'udp', port: number): number {
  try {
    return listenOn(protocol, '::', port);
  } catch (error) {
    const isWithoutIPv6 =
      error instanceof SysError && [EAFNOSUPPORT, EADDRNOTAVAIL].some((n) => n === error.errno);
    if (!isWithoutIPv6) throw error;
    return listenOn(protocol, '0.0.0.0', port);
  }
}

function listenOn(protocol: 'tcp' | 'udp', ip: string, port: number): number {
  const attempt = `listen on port ${port}/${protocol}`;
  const address = socketAddress(ip, port);
  const fd = check(c.socket(familyOf(ip), TYPES[protocol] | FLAGS, 0), 'socket', attempt);
  try {
    if (familyOf(ip) === AF_INET6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    // Connections of a listener that is gone (TIME_WAIT) are not in the way.
    if (protocol === 'tcp') setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    else setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, QUEUE);
    check(c.bind(fd, address, address.length), 'bind', attempt);
    if (protocol === 'tcp') check(c.listen(fd, BACKLOG), 'listen', attempt);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** A socket that speaks with one peer alone, from a port that the kernel chooses at random. */
export function connectTo(protocol: 'tcp' | 'udp', ip: string, port: number): number {
  const attempt = `connect to ${ip} port ${port}/${protocol}`;
  const address = socketAddress(ip, port);
  const fd = check(c.socket(familyOf(ip), TYPES[protocol] | FLAGS, 0), 'socket', attempt);
  if (c.connect(fd, address, address.length) === 0 || lastErrno() === EINPROGRESS) return fd;
  const failure = new SysError({ syscall: 'connect', errno: lastErrno(), attempt });
  close(fd);
  throw failure;
}

/** The next connection that waits on a listener, and who made it; undefined if there is none. */
export function acceptOn(fd: number): { fd: number; from: Buffer } | undefined {
  const from = Buffer.alloc(SOCKADDR_SIZE);
  const accepted = c.accept(fd, from, int(SOCKADDR_SIZE), FLAGS);
  // Whatever the failure (the peer has gone, descriptors are short), the listener lives on.
  return accepted < 0 ? undefined : { fd: accepted, from };
}

const fromSize = Buffer.alloc(4);

/**
 * Takes one datagram.
 *
 * @param from receives the sender's socket address
 * @returns its length, cut to what `to` holds; -1 if none waits
 */
export function receiveFrom(fd: number, to: Buffer, from: Buffer): number {
  fromSize.writeUInt32LE(from.length);
  return c.recvfrom(fd, to, to.length, 0, from, fromSize);
}

/** Sends one datagram, or loses it, as datagrams are: when there is no room, or no way there. */
export function sendTo(fd: number, bytes: Buffer, to: Buffer): void {
  c.sendto(fd, bytes, bytes.length, MSG_NOSIGNAL, to, to.length);
}

/** @returns how many bytes came, 0 at the end or after a failure, undefined if none wait */
export function receive(fd: number, to: Buffer): number | undefined {
  const length = c.recv(fd, to, to.length, 0);
  if (length >= 0) return length;
  return lastErrno() === EAGAIN ? undefined : 0;
}

/** @returns how many bytes were taken, 0 if there is no room, undefined if the peer has gone */
export function send(fd: number, bytes: Buffer): number | undefined {
  const length = c.send(fd, bytes, bytes.length, MSG_NOSIGNAL);
  if (length >= 0) return length;
  return lastErrno() === EAGAIN ? 0 : undefined;
}

function setOption(fd: number, level: number, option: number, value: number): void {
  check(c.setsockopt(fd, level, option, int(value), 4), 'setsockopt', 'set up a socket');
}
