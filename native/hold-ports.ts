/** Tells a monitor which ports of the host to hold from now on. */
import { closeSync, constants, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { bind, libc } from './ffi.ts';
import { frame } from './frames.ts';
import { close } from './libc.ts';
import type { PortRun } from './plan.ts';
import { encodePortRun } from './port-run.ts';
import { check, failedWith } from './sys-error.ts';

const c = {
  socket: bind<(domain: number, type: number, protocol: number) => number>(
    libc,
    'int socket(int domain, int type, int protocol)',
  ),
  setsockopt: bind<
    (fd: number, level: number, name: number, value: Buffer, size: number) => number
  >(libc, 'int setsockopt(int fd, int level, int name, const void *value, uint size)'),
  connect: bind<(fd: number, address: Buffer, size: number) => number>(
    libc,
    'int connect(int fd, const void *address, uint size)',
  ),
  send: bind<(fd: number, bytes: Buffer, size: number, flags: number) => number>(
    libc,
    'long send(int fd, const void *bytes, ulong size, int flags)',
  ),
  shutdown: bind<(fd: number, how: number) => number>(libc, 'int shutdown(int fd, int how)'),
  recv: bind<(fd: number, bytes: Buffer, size: number, flags: number) => number>(
    libc,
    'long recv(int fd, void *bytes, ulong size, int flags)',
  ),
};

const [AF_UNIX, SOCK_STREAM, SOCK_CLOEXEC] = [1, 1, 0o2000000] as const;
const [SOL_SOCKET, SO_RCVTIMEO] = [1, 20] as const;
const [SHUT_WR, MSG_NOSIGNAL] = [1, 0x4000] as const;
/** How long a monitor may take, in seconds. It answers within one turn of its loop. */
const PATIENCE = 2n;

/**
 * The monitor lets go of what it held, then holds these; whoever has one of them keeps it. When this
 * returns it is done. A monitor that is gone, or just going, holds nothing, and that is well too.
 *
 * @param path the monitor's socket
 */
export function holdPorts(path: string, runs: readonly PortRun[]): void {
  const fd = check(c.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket', 'open a socket');
  try {
    connectTo(fd, path);
    const bytes = Buffer.concat([frame('U'), ...runs.map((run) => frame('H', encodePortRun(run)))]);
    check(c.send(fd, bytes, bytes.length, MSG_NOSIGNAL), 'send', `ask the monitor at ${path}`);
    // The monitor reads all that was sent before it sees the end, and then hangs up.
    c.shutdown(fd, SHUT_WR);
    while (c.recv(fd, Buffer.alloc(256), 256, 0) > 0);
  } catch (error) {
    if (!failedWith(error, 'ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE')) throw error;
  } finally {
    close(fd);
  }
}

/** struct sockaddr_un has room for 107 bytes; by way of the directory's descriptor any path will do. */
function connectTo(fd: number, path: string): void {
  const timeout = Buffer.alloc(16);
  timeout.writeBigInt64LE(PATIENCE, 0);
  check(c.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length), 'setsockopt', 'set up');
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const name = Buffer.from(`\x01\x00/proc/self/fd/${directory}/${basename(path)}\0`, 'latin1');
    check(c.connect(fd, name, name.length), 'connect', `connect to ${path}`);
  } finally {
    closeSync(directory);
  }
}
