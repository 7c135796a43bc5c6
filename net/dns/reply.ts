/** Answers as bytes, cut to what the asker takes. */
import type { Answer } from 'dns-packet';
import { codec } from './codec.ts';
import { type Query, questionEnd, RCODE } from './query.ts';

/** What is said, before it is known how much of it there is room for. */
export interface Reply {
  rcode: number;
  answers: Answer[];
}

const [QR, AA, TC, RA] = [0x8000, 0x0400, 0x0200, 0x0080];
/** RFC 1035 4.2.1, for who says nothing of itself. */
const SMALLEST = 512;
/** What crosses any path unfragmented (the DNS flag day's figure); more goes by TCP. */
export const LARGEST_DATAGRAM = 1232;
export const LARGEST_STREAMED = 65535;

/** How many bytes an answer by UDP may have. */
export function datagramRoom({ edns }: Pick<Query, 'edns'>): number {
  return Math.min(Math.max(edns?.size ?? SMALLEST, SMALLEST), LARGEST_DATAGRAM);
}

/**
 * The bytes of an answer. What does not fit is left out, whole records from the end, and TC says so
 * (RFC 2181 9): the asker comes again by TCP.
 */
export function encodeReply(query: Query, { rcode, answers }: Reply, room: number): Buffer {
  const whole = encoded(query, rcode, answers, 0);
  if (whole.length <= room) return whole;
  const [empty, one] = [
    encoded(query, rcode, [], 0),
    encoded(query, rcode, answers.slice(0, 1), 0),
  ];
  const fit = Math.floor((room - empty.length) / Math.max(1, one.length - empty.length));
  const cut = encoded(query, rcode, answers.slice(0, fit), TC);
  return cut.length <= room ? cut : encoded(query, rcode, [], TC);
}

function encoded(query: Query, rcode: number, answers: Answer[], flags: number): Buffer {
  const { id, name, edns } = query;
  const bytes = codec().encode({
    type: 'response',
    id,
    flags: query.flags | AA | RA | flags | (rcode & 0xf),
    questions: [{ name, type: 'A' }],
    answers,
    ...(edns && { additionals: [opt(rcode)] }),
  });
  // The question as it came, whatever its type and class.
  query.bytes.copy(bytes, 12, 12, questionEnd(query.bytes));
  return bytes;
}

function opt(rcode: number): Answer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: LARGEST_DATAGRAM,
    extendedRcode: rcode >> 4,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
}

/** A bare header that refuses a message of which no more can be said. */
export function refusal(bytes: Buffer, rcode: number): Buffer {
  const header = Buffer.alloc(12);
  bytes.copy(header, 0, 0, 2);
  header.writeUInt16BE(QR | RA | (bytes.readUInt16BE(2) & 0x7910) | rcode, 2);
  return header;
}

/** Somebody else's answer, cut to the asker's room: the question alone, and TC. */
export function cutTo(room: number, answer: Buffer): Buffer {
  if (answer.length <= room) return answer;
  const cut = Buffer.from(answer.subarray(0, questionEnd(answer)));
  cut.writeUInt16BE(answer.readUInt16BE(2) | TC, 2);
  cut.fill(0, 6, 12);
  return cut;
}

export const FAILED: Reply = { rcode: RCODE.failed, answers: [] };
