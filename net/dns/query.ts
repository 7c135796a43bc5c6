/** What is asked, read from the bytes of a message (RFC 1035 4.1, RFC 6891). */
import type { DecodedPacket } from 'dns-packet';
import { codec } from './codec.ts';

export interface Query {
  id: number;
  /** As it was written: an answer repeats it letter by letter. */
  name: string;
  /** `A`, `PTR`, or `UNKNOWN_65`. */
  type: string;
  isInternet: boolean;
  /** RD and CD, which an answer repeats. */
  flags: number;
  /** What the asker says of itself by EDNS0, if it does. */
  edns: { size: number; version: number } | undefined;
  /** The message as it came. */
  bytes: Buffer;
}

/** Response codes of RFC 1035 4.1.1 and RFC 6891 9. */
export const RCODE = {
  ok: 0,
  malformed: 1,
  failed: 2,
  unknown: 3,
  unsupported: 4,
  refused: 5,
  badVersion: 16,
};

const HEADER = 12;
const QR = 0x80;
const OPCODE = 0x78;
/** RD and CD in the 16 bits of flags. */
const ECHOED = 0x0110;

/**
 * Reads a query.
 *
 * @returns the code to refuse it with, if it is one that makes no sense; undefined for what is not to
 *   be answered at all: noise, and answers, by which two servers could keep each other busy
 */
export function readQuery(bytes: Buffer): Query | number | undefined {
  if (bytes.length < HEADER || (bytes.readUInt8(2) & QR) !== 0) return undefined;
  if ((bytes.readUInt8(2) & OPCODE) !== 0) return RCODE.unsupported;
  const packet = decoded(bytes);
  const question = packet?.questions?.[0];
  if (packet === undefined || question === undefined || packet.questions?.length !== 1) {
    return RCODE.malformed;
  }
  return {
    id: bytes.readUInt16BE(0),
    name: question.name,
    type: question.type,
    isInternet: question.class === undefined || question.class === 'IN',
    flags: bytes.readUInt16BE(2) & ECHOED,
    edns: ednsOf(packet),
    bytes,
  };
}

function decoded(bytes: Buffer): DecodedPacket | undefined {
  try {
    return codec().decode(bytes);
  } catch {
    return undefined;
  }
}

function ednsOf({ additionals = [] }: DecodedPacket): Query['edns'] {
  for (const record of additionals) {
    if (record.type === 'OPT') return { size: record.udpPayloadSize, version: record.ednsVersion };
  }
  return undefined;
}

/** Where the one question of a message ends. */
export function questionEnd(bytes: Buffer): number {
  let at = HEADER;
  while (at < bytes.length && bytes[at] !== 0) at += 1 + (bytes[at] ?? 0);
  return at + 5;
}
