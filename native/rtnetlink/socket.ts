import { bind, libc } from '../ffi.ts';
import { close } from '../libc.ts';
import { check, lastErrno, SysError } from '../sys-error.ts';
import {
  frame,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  type Reply,
  type Request,
  unframe,
  type Verdict,
  verdict,
} from './message.ts';

const c = {
  socket: bind<(domain: number, type: number, protocol: number) => number>(
    libc,
    'int socket(int domain, int type, int protocol)',
  ),
  setsockopt: bind<
    (fd: number, level: number, name: number, value: Buffer, size: number) => number
  >(libc, 'int setsockopt(int fd, int level, int name, const void *value, uint size)'),
  send: bind<(fd: number, bytes: Buffer, size: number, flags: number) => number>(
    libc,
    'long send(int fd, const void *bytes, size_t size, int flags)',
  ),
  recv: bind<(fd: number, bytes: Buffer, size: number, flags: number) => number>(
    libc,
    'long recv(int fd, _Out_ void *bytes, size_t size, int flags)',
  ),
};

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 0o2000003;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const MSG_TRUNC = 0x20;
const EINTR = 4;
const EMSGSIZE = 90;
const ENOPROTOOPT = 92;

/** The kernel answers while it is asked, so a wait this long is a fault and not a slow machine. */
const TIMEOUT_SECONDS = 5n;
/** Unacknowledged requests in one send; their errors alone must fit the socket's receive buffer. */
const BATCH = 64;
/** How often a dump is read again because what it lists was changed meanwhile. */
const DUMP_ATTEMPTS = 20;

/**
 * Where every socket's answers arrive: each is read to its end before the next is waited for. The
 * kernel fills at most 32 KiB of a reader's buffer with one part of a dump.
 */
const inbox = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * A netlink socket whose every exchange is complete when the call returns. It addresses the network
 * namespace that the thread was in when it was opened, for as long as it is open.
 */
export class NetlinkSocket {
  readonly #fd: number;
  #seq = 1;

  constructor(protocol: number) {
    this.#fd = check(
      c.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol),
      'socket',
      'open a netlink socket',
    );
    try {
      this.#set(SOL_SOCKET, SO_RCVTIMEO, timeval(TIMEOUT_SECONDS));
      for (const option of [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK]) {
        this.#set(SOL_NETLINK, option, Buffer.from([1, 0, 0, 0]));
      }
    } catch (error) {
      close(this.#fd);
      throw error;
    }
  }

  close(): void {
    close(this.#fd);
  }

  /**
   * Sends requests together and waits for the last to be done. The kernel goes through all of them
   * in order, also after one that failed; the first failure is what is thrown.
   */
  run(requests: readonly Request[]): void {
    for (let i = 0; i < requests.length; i += BATCH) this.#run(requests.slice(i, i + BATCH));
  }

  /** Asks for one thing and returns the answer. */
  get(request: Request): Reply {
    const reply = this.#ask(request);
    if (reply.type === NLMSG_ERROR) throw failure(request, verdict(reply));
    return reply;
  }

  /** As `get`; undefined if the answer is this errno, which means that there is no such thing. */
  find(request: Request, absent: number): Reply | undefined {
    const reply = this.#ask(request);
    if (reply.type !== NLMSG_ERROR) return reply;
    const outcome = verdict(reply);
    if (outcome.errno === absent) return undefined;
    throw failure(request, outcome);
  }

  /** Asks for a list. One that changed while it was read is read anew, so the result is consistent. */
  dump<T>(request: Request, decode: (reply: Reply) => T): T[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      const list = this.#dump({ ...request, flags: request.flags | NLM_F_DUMP }, decode);
      if (list !== undefined) return list;
    }
    throw failure(request, { errno: EINTR, detail: 'it kept changing while it was read' });
  }

  /**
   * Sends what the kernel carries out together or not at all (a batch of nfnetlink): all in one.
   *
   * @param last the position of the last request that is answered for
   * @returns the failures by the requests' positions; at 0, the batch's own, which ends it
   */
  outcomes(requests: readonly Request[], last: number): Map<number, Verdict> {
    const failures = new Map<number, Verdict>();
    const first = this.#send(
      requests.map((r, i) => (i === last ? { ...r, flags: r.flags | NLM_F_ACK } : r)),
    );
    for (;;) {
      for (const reply of this.#receive(requests[last]?.attempt ?? '')) {
        const position = reply.seq - first;
        if (position < 0 || position > last || reply.type !== NLMSG_ERROR) continue;
        const outcome = verdict(reply);
        if (outcome.errno !== 0) failures.set(position, outcome);
        if (position === last || position === 0) return failures;
      }
    }
  }

  #run(requests: readonly Request[]): void {
    const last = requests.length - 1;
    // Failures are always reported, so one acknowledgement at the end tells of them all.
    const first = this.#send(
      requests.map((r, i) => (i === last ? { ...r, flags: r.flags | NLM_F_ACK } : r)),
    );
    let thrown: SysError | undefined;
    for (;;) {
      for (const reply of this.#receive(requests[0]?.attempt ?? '')) {
        const request = requests[reply.seq - first];
        if (request === undefined || reply.type !== NLMSG_ERROR) continue;
        const outcome = verdict(reply);
        if (outcome.errno !== 0) thrown ??= failure(request, outcome);
        if (reply.seq !== first + last) continue;
        if (thrown !== undefined) throw thrown;
        return;
      }
    }
  }

  #ask(request: Request): Reply {
    const first = this.#send([request]);
    for (;;) {
      for (const reply of this.#receive(request.attempt)) {
        if (reply.seq === first) return reply;
      }
    }
  }

  #dump<T>(request: Request, decode: (reply: Reply) => T): T[] | undefined {
    const first = this.#send([request]);
    const list: T[] = [];
    let consistent = true;
    for (;;) {
      for (const reply of this.#receive(request.attempt)) {
        if (reply.seq !== first) continue;
        if (reply.flags & NLM_F_DUMP_INTR) consistent = false;
        if (reply.type === NLMSG_DONE || reply.type === NLMSG_ERROR) {
          const outcome = verdict(reply);
          if (outcome.errno !== 0) throw failure(request, outcome);
          return consistent ? list : undefined;
        }
        if (consistent) list.push(decode(reply));
      }
    }
  }

  #send(requests: readonly Request[]): number {
    const first = this.#seq;
    this.#seq = (this.#seq + requests.length) >>> 0;
    const bytes = frame(requests, first);
    const attempt = requests[0]?.attempt ?? '';
    while (c.send(this.#fd, bytes, bytes.length, 0) < 0) {
      if (lastErrno() !== EINTR) check(-1, 'send', attempt);
    }
    return first;
  }

  #receive(attempt: string): Reply[] {
    for (;;) {
      const length = c.recv(this.#fd, inbox, inbox.length, MSG_TRUNC);
      if (length > inbox.length) {
        throw new SysError({ syscall: 'recv', errno: EMSGSIZE, attempt });
      }
      if (length >= 0) return unframe(inbox.subarray(0, length));
      if (lastErrno() !== EINTR) check(-1, 'recv', attempt);
    }
  }

  #set(level: number, option: number, value: Buffer): void {
    if (c.setsockopt(this.#fd, level, option, value, value.length) === 0) return;
    // NETLINK_GET_STRICT_CHK came with Linux 4.20; without it dumps are just not filtered there.
    if (lastErrno() === ENOPROTOOPT && option === NETLINK_GET_STRICT_CHK) return;
    check(-1, 'setsockopt', 'set up a netlink socket');
  }
}

function failure(request: Request, { errno, detail }: Verdict): SysError {
  return new SysError({ syscall: 'rtnetlink', errno, attempt: request.attempt, detail });
}

function timeval(seconds: bigint): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigInt64LE(seconds, 0);
  return bytes;
}
