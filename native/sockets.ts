/** Who has which port, in the network namespace that the thread is in. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { AF_INET, addressText, familyOf } from './address-text.ts';
import { bind, libc } from './ffi.ts';
import { close } from './libc.ts';
import { socketAddress } from './sockaddr.ts';
import { check, lastErrno, SysError } from './sys-error.ts';

/** A program that has a port. */
export interface PortHolder {
  pid: number;
  /** The program's name (proc_pid_comm(5)). */
  command: string;
}

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
};

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const [SOL_SOCKET, SO_REUSEADDR] = [1, 2] as const;
const [IPPROTO_IPV6, IPV6_V6ONLY] = [41, 26] as const;
const ON = Buffer.from([1, 0, 0, 0]);

/**
 * Whether a program could bind this port, found out by doing so for a moment.
 *
 * @param ip an address of this host, or `0.0.0.0` or `::` for all of its family
 * @returns `free`, or what the kernel said: EADDRINUSE, EADDRNOTAVAIL (not an address of this
 *   host), EACCES
 */
export function tryBind(protocol: 'tcp' | 'udp', ip: string, port: number): 'free' | SysError {
  const address = socketAddress(ip, port);
  const type = protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM;
  const fd = check(c.socket(familyOf(ip), type | SOCK_CLOEXEC, 0), 'socket', 'open a socket');
  try {
    // A server's old connections in TIME_WAIT are nobody's port; another listener still is refused.
    // For UDP the same option would mean to share the port.
    if (protocol === 'tcp') setOption(fd, SOL_SOCKET, SO_REUSEADDR);
    if (familyOf(ip) !== AF_INET) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (c.bind(fd, address, address.length) === 0) return 'free';
    const attempt = `bind ${ip} port ${port}/${protocol}`;
    return new SysError({ syscall: 'bind', errno: lastErrno(), attempt });
  } finally {
    close(fd);
  }
}

/**
 * The program that listens on a port of this address, or of all addresses. Undefined if there is
 * none, or if it is out of this process's sight.
 */
export function holder(protocol: 'tcp' | 'udp', ip: string, port: number): PortHolder | undefined {
  const inodes = new Set<string>();
  for (const family of ['', '6']) {
    for (const bound of readTable(`${protocol}${family}`)) {
      if (bound.port === port && overlap(bound.address, ip)) inodes.add(`socket:[${bound.inode}]`);
    }
  }
  return inodes.size === 0 ? undefined : ownerOf(inodes);
}

interface Bound {
  address: string;
  port: number;
  inode: string;
}

/** The listening TCP, or bound and unconnected UDP sockets of /proc/net/{tcp,udp}{,6} (proc(5)). */
function readTable(name: string): Bound[] {
  const waiting = name.startsWith('tcp') ? '0A' : '07';
  const rows = readOrNothing(`/proc/thread-self/net/${name}`).split('\n').slice(1);
  return rows.flatMap((row) => {
    const [, local = '', , state, , , , , , inode = '0'] = row.trim().split(/\s+/);
    if (state !== waiting) return [];
    const [address = '', port = ''] = local.split(':');
    return [{ address: addressOfHex(address), port: Number.parseInt(port, 16), inode }];
  });
}

/** The kernel prints an address as 32-bit words in the machine's byte order. */
function addressOfHex(hex: string): string {
  return addressText(Buffer.from(hex, 'hex').swap32());
}

function overlap(bound: string, ip: string): boolean {
  const [a, b] = [bound.replace(/^::ffff:(?=[\d.]+$)/, ''), ip];
  // `::` takes the IPv4 addresses along, unless its owner asked otherwise, which is not to be seen.
  const everything = (address: string): boolean => address === '::' || address === '0.0.0.0';
  return a === b || everything(a) || (everything(b) && familyOf(a) === familyOf(b));
}

function ownerOf(sockets: ReadonlySet<string>): PortHolder | undefined {
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      if (sockets.has(linkOrNothing(`/proc/${pid}/fd/${fd}`))) {
        return { pid: Number(pid), command: readOrNothing(`/proc/${pid}/comm`).trimEnd() };
      }
    }
  }
  return undefined;
}

function setOption(fd: number, level: number, option: number): void {
  check(c.setsockopt(fd, level, option, ON, ON.length), 'setsockopt', 'set up a socket');
}

// Processes, their descriptors and IPv6 itself may be gone at any moment, or never have been.
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function linkOrNothing(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
