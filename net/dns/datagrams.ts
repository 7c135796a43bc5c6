/** Queries by UDP. */
import type { Poller } from '../../native/epoll.ts';
import { receiveFrom, sendTo } from '../../native/inet.ts';
import { SOCKADDR_SIZE } from '../../native/sockaddr.ts';
import { whoOf } from './asker.ts';
import type { Forwarder } from './forward.ts';
import type { Local } from './local.ts';
import type { Part } from './part.ts';

/** Queries taken in one round, each with its asker; the rest wait in the socket's buffer. */
const ROUND = 64;
/** More than any sensible query has; what is longer is cut, and so malformed. */
const LONGEST_QUERY = 4096;

export function openDatagrams({
  poller,
  local,
  forwarder,
  fd,
}: {
  poller: Poller;
  local: Local;
  forwarder: Forwarder;
  fd: number;
}): Part {
  const inbox = Array.from({ length: ROUND }, () => ({
    bytes: Buffer.allocUnsafeSlow(LONGEST_QUERY),
    from: Buffer.alloc(SOCKADDR_SIZE),
    length: 0,
  }));

  function respond({ bytes, from, length }: (typeof inbox)[number]): void {
    const outcome = local.answer(bytes.subarray(0, length), from, 'udp');
    if (outcome === undefined) return;
    if ('answer' in outcome) {
      sendTo(fd, outcome.answer, from);
      return;
    }
    const to = Buffer.from(from);
    // Its bytes are in the inbox, which is about to be filled anew.
    const forward = { ...outcome.forward, bytes: Buffer.from(outcome.forward.bytes) };
    const deliver = (answer: Buffer) => sendTo(fd, answer, to);
    forwarder.ask({ ...outcome, forward, protocol: 'udp', asker: whoOf(from), deliver });
  }

  poller.watch(fd, () => {
    let count = 0;
    for (const slot of inbox) {
      slot.length = receiveFrom(fd, slot.bytes, slot.from);
      if (slot.length < 0) break;
      count++;
    }
    // After the last was taken: no name that changed before any of them was sent is missed.
    local.refresh();
    for (const slot of inbox.slice(0, count)) respond(slot);
  });
  return { isBusy: () => false, expire: () => {} };
}
