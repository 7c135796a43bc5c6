/** One question to one server, and its answer. */
import type { Poller } from '../../native/epoll.ts';
import { connectTo, receive, send } from '../../native/inet.ts';
import { close } from '../../native/libc.ts';
import { framed, openUnframer } from './framing.ts';
import { questionEnd } from './query.ts';

export interface Exchange {
  /** Ends it, answered or not. */
  close(): void;
}

export interface ExchangeOptions {
  poller: Poller;
  protocol: 'tcp' | 'udp';
  server: string;
  /** The message as it is sent, with an id that nobody can guess. */
  message: Buffer;
  /** Called once at most: with the answer, or without, if the server cannot be spoken to. */
  done: (answer: Buffer | undefined) => void;
}

const PORT = 53;
/** One answer is read at a time, and kept as a copy. */
const inbox = Buffer.allocUnsafeSlow(65_535);

/**
 * The socket is this question's own, on a port that the kernel chose at random and from its server
 * alone; with the id and the question itself that is what a forger would have to guess (RFC 5452).
 */
export function openExchange({
  poller,
  protocol,
  server,
  message,
  done,
}: ExchangeOptions): Exchange {
  const fd = connectTo(protocol, server, PORT);
  const work =
    protocol === 'udp' ? byDatagram(fd, message, done) : byStream(fd, poller, message, done);
  poller.watch(fd, work);
  if (protocol === 'tcp') poller.awaitRoom(fd, 'only');
  return {
    close() {
      poller.forget(fd);
      close(fd);
    },
  };
}

function byDatagram(fd: number, message: Buffer, done: ExchangeOptions['done']): () => void {
  send(fd, message);
  return () => {
    const length = receive(fd, inbox);
    if (length === undefined) return;
    if (length === 0) return done(undefined);
    const answer = inbox.subarray(0, length);
    if (isAnswerTo(message, answer)) done(Buffer.from(answer));
  };
}

function byStream(
  fd: number,
  poller: Poller,
  message: Buffer,
  done: ExchangeOptions['done'],
): () => void {
  let unsent = framed(message);
  const unframer = openUnframer();
  return () => {
    if (unsent.length > 0) {
      const taken = send(fd, unsent);
      if (taken === undefined) return done(undefined);
      unsent = unsent.subarray(taken);
      if (unsent.length === 0) poller.awaitRoom(fd, 'no');
      return;
    }
    const length = receive(fd, inbox);
    if (length === undefined) return;
    if (length === 0) return done(undefined);
    const [answer] = unframer.push(Buffer.from(inbox.subarray(0, length)));
    if (answer !== undefined) done(isAnswerTo(message, answer) ? answer : undefined);
  };
}

/** The id, that it is an answer, and the question, letter by letter. */
function isAnswerTo(query: Buffer, answer: Buffer): boolean {
  const end = questionEnd(query);
  return (
    answer.length >= end &&
    answer.readUInt16BE(0) === query.readUInt16BE(0) &&
    (answer.readUInt8(2) & 0x80) !== 0 &&
    answer.subarray(12, end).equals(query.subarray(12, end))
  );
}
