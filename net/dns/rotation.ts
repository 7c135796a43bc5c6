/** One reply in its several orders, each encoded once, so that every container behind a name has its turn. */
import type { Query } from './query.ts';
import { encodeReply, type Reply } from './reply.ts';

export interface Rotation {
  /** The bytes of the next turn; not to be kept, since the next asker's id is written into them. */
  next(id: number): Buffer;
}

/** As many orders are kept; of more containers, every so manieth begins one. */
const TURNS = 16;

export function openRotation(query: Query, reply: Reply, room: number): Rotation {
  const { rcode, answers } = reply;
  const turns = Math.min(TURNS, Math.max(1, answers.length));
  const encoded = new Array<Buffer | undefined>(turns);
  let turn = Math.floor(Math.random() * turns);
  const make = (index: number): Buffer => {
    const start = Math.floor((index * answers.length) / turns);
    const turned = [...answers.slice(start), ...answers.slice(0, start)];
    return encodeReply(query, { rcode, answers: turned }, room);
  };
  return {
    next(id) {
      turn = (turn + 1) % turns;
      const bytes = encoded[turn] ?? make(turn);
      encoded[turn] = bytes;
      bytes.writeUInt16BE(id, 0);
      return bytes;
    },
  };
}
