/** epoll(7): waiting for many descriptors at once, synchronously, without Node's own event loop. */
import { bind, libc } from './ffi.ts';
import { close } from './libc.ts';
import { check, lastErrno } from './sys-error.ts';

const c = {
  create: bind<(flags: number) => number>(libc, 'int epoll_create1(int flags)'),
  control: bind<(epoll: number, operation: number, fd: number, event: Buffer) => number>(
    libc,
    'int epoll_ctl(int epfd, int op, int fd, void *event)',
  ),
  wait: bind<(epoll: number, events: Buffer, count: number, milliseconds: number) => number>(
    libc,
    'int epoll_wait(int epfd, _Out_ void *events, int maxevents, int timeout)',
  ),
};

const EPOLL_CLOEXEC = 0o2000000;
const [ADD, DEL, MOD] = [1, 2, 3] as const;
const [EPOLLIN, EPOLLOUT] = [1, 4] as const;
const EINTR = 4;
/** struct epoll_event is packed on x86-64 alone (<sys/epoll.h>). */
const [EVENT_SIZE, DATA_OFFSET] = process.arch === 'x64' ? ([12, 4] as const) : ([16, 8] as const);
const EVENTS_AT_ONCE = 64;

/** Called when a descriptor can be read, or written where that is waited for, or has failed. */
export type Ready = () => void;

export interface Poller {
  watch(fd: number, ready: Ready): void;
  /** Whether the descriptor is also, or only, waited for to take more. */
  awaitRoom(fd: number, mode: 'no' | 'also' | 'only'): void;
  /** Before the descriptor is closed. */
  forget(fd: number): void;
  /**
   * Calls those that are ready, after `milliseconds` at the latest.
   *
   * @returns how many were
   */
  wait(milliseconds: number): number;
  close(): void;
}

export function openPoller(): Poller {
  const epoll = check(c.create(EPOLL_CLOEXEC), 'epoll_create1', 'wait for sockets');
  const handlers = new Map<number, Ready>();
  const events = Buffer.alloc(EVENTS_AT_ONCE * EVENT_SIZE);
  const event = Buffer.alloc(EVENT_SIZE);

  function control(operation: number, fd: number, mask: number): void {
    event.writeUInt32LE(mask, 0);
    event.writeUInt32LE(fd, DATA_OFFSET);
    check(c.control(epoll, operation, fd, event), 'epoll_ctl', `wait for descriptor ${fd}`);
  }

  return {
    watch(fd, ready) {
      control(ADD, fd, EPOLLIN);
      handlers.set(fd, ready);
    },
    awaitRoom(fd, mode) {
      control(MOD, fd, (mode === 'only' ? 0 : EPOLLIN) | (mode === 'no' ? 0 : EPOLLOUT));
    },
    forget(fd) {
      if (handlers.delete(fd)) control(DEL, fd, 0);
    },
    wait(milliseconds) {
      const count = c.wait(epoll, events, EVENTS_AT_ONCE, milliseconds);
      if (count < 0 && lastErrno() !== EINTR) check(count, 'epoll_wait', 'wait for sockets');
      // One that was forgotten by an earlier one of the same round is not called any more.
      for (let i = 0; i < count; i++) {
        handlers.get(events.readUInt32LE(i * EVENT_SIZE + DATA_OFFSET))?.();
      }
      return Math.max(0, count);
    },
    close: () => close(epoll),
  };
}
