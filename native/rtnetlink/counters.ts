/** What interfaces have carried: RTM_GETSTATS (linux/if_link.h), without all else that a link is. */
import { only, type Reply, type Request } from './message.ts';

/** Since the interface was made. */
export interface LinkCounters {
  /** What it has received. */
  rx: Count;
  /** What it has sent. */
  tx: Count;
}

export interface Count {
  bytes: number;
  packets: number;
  /** Damaged. */
  errors: number;
  /** For want of room, or of anybody who wanted them. */
  drops: number;
}

const RTM_GETSTATS = 94;
const IFLA_STATS_LINK_64 = 1;
/** struct if_stats_msg: u8 family, three of padding, u32 index, u32 filter. */
const HEADER_LENGTH = 12;
const ATTRIBUTE_HEADER = 4;

/** Of one interface by its index; without, of all, as a dump. */
export function getCounters(index = 0): Request {
  const payload = Buffer.alloc(HEADER_LENGTH);
  payload.writeUInt32LE(index, 4);
  payload.writeUInt32LE(1 << (IFLA_STATS_LINK_64 - 1), 8);
  return { type: RTM_GETSTATS, flags: 0, payload, attempt: 'read the counters of interfaces' };
}

export function decodeCounters({ payload }: Reply): { index: number; counters: LinkCounters } {
  const attributes = payload.subarray(HEADER_LENGTH);
  const stats = only(attributes, new Set([IFLA_STATS_LINK_64])).subarray(ATTRIBUTE_HEADER);
  /** struct rtnl_link_stats64: received and sent in turn, each a u64. */
  const at = (place: number) => Number(stats.readBigUInt64LE(8 * place));
  const count = (way: 0 | 1): Count => ({
    bytes: at(2 + way),
    packets: at(0 + way),
    errors: at(4 + way),
    drops: at(6 + way),
  });
  return { index: payload.readUInt32LE(4), counters: { rx: count(0), tx: count(1) } };
}
