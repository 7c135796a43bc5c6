/** Queries by TCP: several on one connection, answered as they come (RFC 7766). */
import type { Poller } from '../../native/epoll.ts';
import { acceptOn, receive, send } from '../../native/inet.ts';
import { close } from '../../native/libc.ts';
import { whoOf } from './asker.ts';
import type { Forwarder } from './forward.ts';
import { framed, openUnframer, type Unframer } from './framing.ts';
import type { Local } from './local.ts';
import type { Part } from './part.ts';

interface Connection {
  fd: number;
  from: Buffer;
  unframer: Unframer;
  /** What could not be sent yet; nothing more is read meanwhile. */
  unsent: Buffer;
  /** When it is given up (ms). */
  deadline: number;
}

/** Connections at once, in all and of one asker. */
const MOST = { inAll: 128, ofOne: 16 };
const IDLE = 5000;
const LONGEST_QUERY = 4096;
const PIECE = 4096;

export function openStreams({
  poller,
  local,
  forwarder,
  fd: listener,
}: {
  poller: Poller;
  local: Local;
  forwarder: Forwarder;
  fd: number;
}): Part {
  const connections = new Set<Connection>();
  const inbox = Buffer.allocUnsafeSlow(PIECE);

  function end(connection: Connection): void {
    if (!connections.delete(connection)) return;
    poller.forget(connection.fd);
    close(connection.fd);
  }

  function write(connection: Connection, bytes: Buffer): void {
    if (!connections.has(connection)) return; // it left before it was answered
    const { fd } = connection;
    const unsent = Buffer.concat([connection.unsent, bytes]);
    const taken = send(fd, unsent);
    if (taken === undefined) {
      end(connection);
      return;
    }
    connection.unsent = unsent.subarray(taken);
    poller.awaitRoom(fd, connection.unsent.length === 0 ? 'no' : 'only');
  }

  function respond(connection: Connection, query: Buffer): void {
    const outcome = local.answer(query, connection.from, 'tcp');
    const deliver = (answer: Buffer) => write(connection, framed(answer));
    if (outcome === undefined) end(connection);
    else if ('answer' in outcome) deliver(outcome.answer);
    else {
      forwarder.ask({ ...outcome, protocol: 'tcp', asker: whoOf(connection.from), deliver });
    }
  }

  function read(connection: Connection): void {
    const length = receive(connection.fd, inbox);
    if (length === undefined) return;
    const queries = connection.unframer.push(Buffer.from(inbox.subarray(0, length)));
    local.refresh();
    for (const query of queries) respond(connection, query);
    if (length === 0 || connection.unframer.expected() > LONGEST_QUERY) end(connection);
  }

  function admit({ fd, from }: { fd: number; from: Buffer }): void {
    const who = whoOf(from);
    const own = [...connections].filter((one) => whoOf(one.from) === who).length;
    if (connections.size >= MOST.inAll || own >= MOST.ofOne) {
      close(fd);
      return;
    }
    const connection: Connection = {
      fd,
      from,
      unframer: openUnframer(),
      unsent: Buffer.alloc(0),
      deadline: Date.now() + IDLE,
    };
    connections.add(connection);
    poller.watch(fd, () => {
      connection.deadline = Date.now() + IDLE;
      if (connection.unsent.length > 0) write(connection, Buffer.alloc(0));
      else read(connection);
    });
  }

  poller.watch(listener, () => {
    const accepted = acceptOn(listener);
    if (accepted !== undefined) admit(accepted);
  });

  return {
    isBusy: () => connections.size > 0,
    expire(now) {
      for (const connection of connections) if (connection.deadline <= now) end(connection);
    },
  };
}
