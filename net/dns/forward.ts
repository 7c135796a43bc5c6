/** Questions that others answer: asked of one server after the other, so many at once and no more. */
import { randomInt } from 'node:crypto';
import type { Poller } from '../../native/epoll.ts';
import { type Exchange, openExchange } from './exchange.ts';
import type { Part } from './part.ts';
import { type Query, RCODE } from './query.ts';
import { cutTo, encodeReply, FAILED } from './reply.ts';
import type { View } from './view.ts';

export interface Forwarder extends Part {
  /** Answers in any case, at once with a failure if too much is under way. */
  ask(request: Request): void;
}

export interface Request {
  /** Its bytes are kept as long as it is under way. */
  forward: Query;
  view: View;
  room: number;
  protocol: 'tcp' | 'udp';
  /** Who asks, to keep one from taking all the room. */
  asker: string;
  deliver: (answer: Buffer) => void;
}

/** A question that is with a server now. */
interface Flight extends Request {
  /** Which servers are to be asked yet, in this order. */
  servers: string[];
  server: string;
  exchange: Exchange;
  /** When this server's time is up (ms). */
  deadline: number;
}

/** Sockets at once, in all and of one asker. */
const MOST = { inAll: 512, ofOne: 64 };
/** A resolver asks three times in its five seconds, so that is what is tried here (resolv.conf(5)). */
const TRIES = 3;
const PATIENCE = 1500;
/** A server that did not answer is asked after the others for so long (ms). */
const SHUNNED = 10_000;

export function openForwarder(poller: Poller, hostServers: () => string[]): Forwarder {
  const flights = new Set<Flight>();
  const counts = new Map<string, number>();
  const silent = new Map<string, number>();

  /** The servers of a view, the silent ones last, each tried again in turn. */
  function order({ dns }: View): string[] {
    const servers = dns.length > 0 ? dns : hostServers();
    const now = Date.now();
    const isSilent = (server: string) => (silent.get(server) ?? 0) > now;
    const ordered = [...servers.filter((one) => !isSilent(one)), ...servers.filter(isSilent)];
    return ordered.length === 0
      ? []
      : Array.from({ length: TRIES }, (_, i) => ordered[i % ordered.length] ?? '');
  }

  function next(request: Request, servers: string[], last?: Buffer): void {
    for (const [index, server] of servers.entries()) {
      if (launch(request, server, servers.slice(index + 1))) return;
    }
    finish(request, last ?? encodeReply(request.forward, FAILED, request.room));
  }

  function launch(request: Request, server: string, rest: string[]): boolean {
    const message = Buffer.from(request.forward.bytes);
    message.writeUInt16BE(randomInt(65_536), 0);
    try {
      const exchange = openExchange({
        poller,
        protocol: request.protocol,
        server,
        message,
        done: (answer) => settle(flight, answer),
      });
      const flight: Flight = {
        ...request,
        server,
        servers: rest,
        exchange,
        deadline: Date.now() + PATIENCE,
      };
      flights.add(flight);
      return true;
    } catch {
      return false; // there is no way to it, or no socket left: the next one, or the failure, is the answer
    }
  }

  function settle(flight: Flight, answer: Buffer | undefined): void {
    flight.exchange.close();
    flights.delete(flight);
    const isFinal = answer !== undefined && (!isFailure(answer) || flight.servers.length === 0);
    if (isFinal) finish(flight, answer);
    else next(flight, flight.servers, answer);
  }

  function finish({ forward, room, asker, deliver }: Request, answer: Buffer): void {
    const left = (counts.get(asker) ?? 1) - 1;
    if (left === 0) counts.delete(asker);
    else counts.set(asker, left);
    const cut = cutTo(room, answer);
    cut.writeUInt16BE(forward.id, 0);
    deliver(cut);
  }

  return {
    ask(request) {
      const { asker, forward, room } = request;
      const own = counts.get(asker) ?? 0;
      if (flights.size >= MOST.inAll || own >= MOST.ofOne) {
        request.deliver(encodeReply(forward, FAILED, room));
        return;
      }
      counts.set(asker, own + 1);
      next(request, order(request.view));
    },
    isBusy: () => flights.size > 0,
    expire(now) {
      for (const flight of flights) {
        if (flight.deadline > now) continue;
        silent.set(flight.server, now + SHUNNED);
        settle(flight, undefined);
      }
      for (const [server, until] of silent) if (until <= now) silent.delete(server);
    },
  };
}

/** What another server may do better: SERVFAIL, NOTIMP, REFUSED. */
function isFailure(answer: Buffer): boolean {
  const rcode = answer.readUInt8(3) & 0xf;
  return rcode === RCODE.failed || rcode === RCODE.unsupported || rcode === RCODE.refused;
}
