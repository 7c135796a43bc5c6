/** From a query's bytes to what becomes of it, remembering what was said as long as no name changes. */
import { addressOf } from '../../native/sockaddr.ts';
import { whoOf } from './asker.ts';
import { type Query, RCODE, readQuery } from './query.ts';
import { datagramRoom, encodeReply, LARGEST_STREAMED, refusal } from './reply.ts';
import { resolve } from './resolve.ts';
import { openRotation, type Rotation } from './rotation.ts';
import { type Names, type View, viewOf } from './view.ts';

/** An answer; or the query, to be asked of somebody else; or nothing, for a stranger. */
export type Outcome = { answer: Buffer } | { forward: Query; view: View; room: number } | undefined;

export interface Local {
  /** Before a round of queries: what was remembered is forgotten if any name has changed. */
  refresh(): void;
  /** @param from the asker's socket address */
  answer(bytes: Buffer, from: Buffer, protocol: 'tcp' | 'udp'): Outcome;
}

/** Entries of some hundred bytes; a flood of different questions empties the memory, no more. */
const REMEMBERED = 2048;
/** A question with more to it than its name is rare enough to be read each time. */
const LONGEST_REMEMBERED = 300;

export function openLocal(names: Names): Local {
  const replies = new Map<string, Rotation>();
  const views = new Map<string, View>();
  let revision = -1;

  function viewFrom(who: string): View | undefined {
    const known = views.get(who);
    if (known !== undefined) return known;
    const view = viewOf(names, addressOf(Buffer.from(who, 'latin1')));
    if (view !== undefined) remember(views, who, view);
    return view;
  }

  function fresh(bytes: Buffer, who: string, protocol: 'tcp' | 'udp', key: string): Outcome {
    const view = viewFrom(who);
    if (view === undefined) return undefined;
    const query = readQuery(bytes);
    if (query === undefined) return undefined;
    if (typeof query === 'number') return { answer: refusal(bytes, query) };
    const room = protocol === 'tcp' ? LARGEST_STREAMED : datagramRoom(query);
    const say = (rcode: number) => ({ answer: encodeReply(query, { rcode, answers: [] }, room) });
    if (query.edns !== undefined && query.edns.version > 0) return say(RCODE.badVersion);
    const reply = resolve(names, view, query);
    if (reply === undefined) {
      return view.forwards ? { forward: query, view, room } : say(RCODE.failed);
    }
    const rotation = openRotation(query, reply, room);
    if (protocol === 'udp' && bytes.length <= LONGEST_REMEMBERED) remember(replies, key, rotation);
    return { answer: rotation.next(query.id) };
  }

  return {
    refresh() {
      const current = names.directory.revision();
      if (current === revision) return;
      revision = current;
      replies.clear();
      views.clear();
    },
    answer(bytes, from, protocol) {
      const who = whoOf(from);
      const key = bytes.toString('latin1', 2) + who;
      const known = protocol === 'udp' ? replies.get(key) : undefined;
      if (known !== undefined) return { answer: known.next(bytes.readUInt16BE(0)) };
      return fresh(bytes, who, protocol, key);
    },
  };
}

function remember<T>(memory: Map<string, T>, key: string, value: T): void {
  if (memory.size >= REMEMBERED) memory.clear();
  memory.set(key, value);
}
