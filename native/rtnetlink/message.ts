/** How requests to the kernel are written and its answers taken apart (netlink(7), RFC 3549). */
import type { StreamData } from 'netlink/dist/structs.js';
import { structs } from './codec.ts';

/** One message to the kernel. */
export interface Request {
  /** RTM_*: what is asked for. */
  type: number;
  /** NLM_F_* over NLM_F_REQUEST. */
  flags: number;
  /** The family's fixed header and the attributes. */
  payload: Buffer;
  /** What this tries, for the error's sentence: `add 10.0.0.1/24 to eth0`. */
  attempt: string;
}

/** One message from the kernel. */
export interface Reply {
  type: number;
  flags: number;
  seq: number;
  payload: Buffer;
}

/** What the kernel says of a request that it did not carry out, or at the end of one that it did. */
export interface Verdict {
  /** 0 is success. */
  errno: number;
  /** The kernel's own sentence, if it has one (NETLINK_EXT_ACK). */
  detail: string | undefined;
}

// <linux/netlink.h>
export const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_DUMP = 0x300;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;
const HEADER_LENGTH = 16;

/** Joins what the codec emits, padded to 4 bytes so that it can be nested. */
export function encode(...parts: StreamData[]): Buffer {
  const stream = new (structs().AttrStream)();
  for (const part of parts) stream.emit(part);
  const padding = -stream.bufs.reduce((sum, { length }) => sum + length, 0) & 3;
  return Buffer.concat(padding === 0 ? stream.bufs : [...stream.bufs, Buffer.alloc(padding)]);
}

/** Writes requests one behind the other, numbered from `seq`, so that one send carries them all. */
export function frame(requests: readonly Request[], seq: number): Buffer {
  const { formatMessage } = structs();
  const messages = requests.map(({ type, flags, payload }, i) =>
    formatMessage({ type, flags: flags | NLM_F_REQUEST, seq: seq + i, port: 0, data: payload }),
  );
  return Buffer.concat(messages.flat());
}

/** Takes apart what one receive returned. */
export function unframe(bytes: Buffer): Reply[] {
  return structs()
    .parseMessages(bytes)
    .map(({ type, flags, seq, data }) => ({ type, flags, seq, payload: data }));
}

/**
 * Reads an NLMSG_ERROR, or an NLMSG_DONE at the end of a dump. Both begin with a negated errno; an
 * error goes on with the header of the request and, unless capped, its payload; then attributes.
 */
export function verdict({ type, flags, payload }: Reply): Verdict {
  const errno = payload.length < 4 ? 0 : -payload.readInt32LE(0);
  let detail: string | undefined;
  if (flags & NLM_F_ACK_TLVS) {
    let offset = 4;
    if (type === NLMSG_ERROR) {
      offset += flags & NLM_F_CAPPED ? HEADER_LENGTH : (payload.readUInt32LE(4) + 3) & ~3;
    }
    structs().parseAttributes(payload.subarray(offset), (attribute) => {
      if (attribute.type === NLMSGERR_ATTR_MSG) detail = structs().getString(attribute.data);
    });
  }
  return { errno, detail };
}

/**
 * Only the attributes of these types. A decoder that meets an attribute of a shape it does not know
 * throws, and so would lose a whole link for the sake of a counter that nobody asked about.
 */
export function only(attributes: Buffer, types: ReadonlySet<number>): Buffer {
  const kept: Buffer[] = [];
  for (let offset = 0; offset + 4 <= attributes.length; ) {
    const length = attributes.readUInt16LE(offset);
    if (length < 4) break;
    const end = offset + ((length + 3) & ~3);
    if (types.has(attributes.readUInt16LE(offset + 2) & 0x3fff)) {
      kept.push(attributes.subarray(offset, end));
    }
    offset = end;
  }
  return Buffer.concat(kept);
}

/** struct nlattr: u16 length, u16 type, then the data, padded to 4 bytes. */
export function attribute(type: number, data: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + ((data.length + 3) & ~3));
  bytes.writeUInt16LE(4 + data.length, 0);
  bytes.writeUInt16LE(type, 2);
  data.copy(bytes, 4);
  return bytes;
}
