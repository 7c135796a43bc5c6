/**
 * Network namespaces. setns(2) and unshare(2) move only the calling thread, and a socket keeps
 * addressing the namespace it was opened in, so the main thread can step into another namespace,
 * open what it needs and step back, as long as nothing asynchronous happens in between: libuv's
 * pool threads do not come along.
 */
import { statfsSync, statSync } from 'node:fs';
import { bind, libc } from './ffi.ts';
import {
  close,
  MNT_DETACH,
  MS_BIND,
  mount,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  open,
  umount,
  unlink,
} from './libc.ts';
import { check } from './sys-error.ts';

const CLONE_NEWNET = 0x40000000;
const NSFS_MAGIC = 0x6e736673; // <linux/magic.h>
/** Not /proc/self, which is the main thread's even when read from a worker. */
const OWN_NETNS = '/proc/thread-self/ns/net';

const c = {
  setns: bind<(fd: number, type: number) => number>(libc, 'int setns(int fd, int nstype)'),
  unshare: bind<(flags: number) => number>(libc, 'int unshare(int flags)'),
  socket: bind<(domain: number, type: number, protocol: number) => number>(
    libc,
    'int socket(int domain, int type, int protocol)',
  ),
  ioctl: bind<(fd: number, request: number, argument: Buffer) => number>(
    libc,
    'int ioctl(int fd, ulong request, void *argument)',
  ),
};

/**
 * Makes a new network namespace with `lo` up and pins it: it lives on, without any process in it,
 * until `unpinNetns`. If anything fails, nothing is left of it.
 *
 * @param path a name not yet taken, in a directory that exists; it becomes a mount point
 */
export function pinNetns(path: string): void {
  close(open(path, O_RDONLY | O_CREAT | O_EXCL, 0o444));
  try {
    excursion(
      () => check(c.unshare(CLONE_NEWNET), 'unshare', 'make a network namespace'),
      () => {
        bringLoopbackUp();
        mount(OWN_NETNS, path, null, MS_BIND);
      },
    );
  } catch (error) {
    unlink(path);
    throw error;
  }
}

/**
 * Pins a namespace that some process keeps alive, whatever stands at the path.
 *
 * @param process a path that names it: `/proc/PID/ns/net`
 */
export function repinNetns(process: string, path: string): void {
  close(open(path, O_RDONLY | O_CREAT, 0o444));
  mount(process, path, null, MS_BIND);
}

/**
 * Lets a pinned namespace go. The kernel ends it when its last process and last open descriptor are
 * gone too. A namespace that is no longer there, wholly or in part, is success.
 */
export function unpinNetns(path: string): void {
  umount(path, MNT_DETACH);
  unlink(path);
}

/**
 * Runs `work` inside the network namespace that `path` names (a pin, /proc/PID/ns/net, ...) and
 * returns what it returned. `work` is synchronous to its end; sockets it opens remain of that
 * namespace. If the way back is barred the process aborts, because everything it did from then on
 * would hit the wrong namespace.
 */
export function inNetns<T>(path: string, work: () => Synchronous<T>): T {
  const fd = open(path, O_RDONLY);
  try {
    return excursion(
      () => check(c.setns(fd, CLONE_NEWNET), 'setns', `enter the network namespace ${path}`),
      () => {
        const result = work();
        if (isThenable(result)) throw new TypeError('inNetns needs work that is synchronous');
        return result;
      },
    );
  } finally {
    close(fd);
  }
}

/** Rules out at compile time what `inNetns` refuses at run time. */
type Synchronous<T> = T extends PromiseLike<unknown> ? never : T;

/** `dev:inode`, equal for two paths exactly if they name the same network namespace. */
export function netnsIdentity(path: string = OWN_NETNS): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}

/** Whether `path` is a namespace's mount point, and not just the file that was made for one. */
export function isPinned(path: string): boolean {
  try {
    return statfsSync(path).type === NSFS_MAGIC;
  } catch {
    return false;
  }
}

function excursion<T>(leave: () => void, work: () => T): T {
  const home = open(OWN_NETNS, O_RDONLY);
  try {
    leave();
    try {
      return work();
    } finally {
      if (c.setns(home, CLONE_NEWNET) < 0) {
        process.stderr.write(
          'hawser: there is no way back to the network namespace it came from\n',
        );
        process.abort();
      }
    }
  } finally {
    close(home);
  }
}

/** Sets IFF_UP on `lo` by ioctl(2) (netdevice(7)): two calls, and no netlink for this alone. */
function bringLoopbackUp(): void {
  const [AF_INET, SOCK_DGRAM_CLOEXEC, SIOCSIFFLAGS, IFF_UP] = [2, 0o2000002, 0x8914, 1];
  const ifreq = Buffer.alloc(40);
  ifreq.write('lo');
  ifreq.writeInt16LE(IFF_UP, 16);
  const fd = check(c.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0), 'socket', 'open a socket');
  try {
    check(c.ioctl(fd, SIOCSIFFLAGS, ifreq), 'ioctl', 'bring lo up');
  } finally {
    close(fd);
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value;
}
