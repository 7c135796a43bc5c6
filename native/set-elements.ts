/**
 * Elements into the sets and maps of nftables and out again, in the kernel's own messages
 * (linux/netfilter/nf_tables.h). libnftables reads every element of a set before it changes one;
 * the kernel needs no such thing.
 */
import { kept } from './kept.ts';
import { attribute, NLM_F_CREATE, type Request } from './rtnetlink/message.ts';
import { NetlinkSocket } from './rtnetlink/socket.ts';
import { SysError } from './sys-error.ts';

/** An element as the kernel compares it. */
export interface SetElement {
  family: 'inet' | 'bridge';
  set: string;
  key: Buffer;
  /** In a set of intervals: the last key that belongs to it. */
  keyEnd?: Buffer;
  /** In a map: what the key leads to. */
  data?: Buffer;
}

export interface SetElements {
  /**
   * One transaction in the network namespace that the thread is in. Adding what is there already is
   * no failure.
   *
   * @returns why it was refused, a failure for each position; if there is any, nothing was changed
   */
  change(verb: 'add' | 'delete', elements: readonly SetElement[]): Map<number, SysError>;
  close(): void;
}

const NETLINK_NETFILTER = 12;
const NFPROTO = { inet: 1, bridge: 7 } as const;
const NFNL_SUBSYS_NFTABLES = 10;
const NFNL_MSG_BATCH_BEGIN = 0x10;
const NFNL_MSG_BATCH_END = 0x11;
const MESSAGE = {
  add: (NFNL_SUBSYS_NFTABLES << 8) | 12, // NFT_MSG_NEWSETELEM
  delete: (NFNL_SUBSYS_NFTABLES << 8) | 14, // NFT_MSG_DELSETELEM
} as const;
const LIST = { table: 1, set: 2, elements: 3 } as const; // NFTA_SET_ELEM_LIST_*
const ELEMENT = { key: 1, data: 2, keyEnd: 10 } as const; // NFTA_SET_ELEM_*
const NFTA_LIST_ELEM = 1;
const NFTA_DATA_VALUE = 1;
const NESTED = 0x8000;

/** @param table its name, the same in each family */
export function openSetElements(table: string): SetElements {
  const socket = kept(
    () => new NetlinkSocket(NETLINK_NETFILTER),
    (open) => open.close(),
  );
  return {
    close: socket.close,
    change(verb, elements) {
      const requests = elements.map((element) => request(verb, table, element));
      const outcomes = socket.get().outcomes([BEGIN, ...requests, END], requests.length);
      return new Map(
        Array.from(outcomes, ([i, { errno, detail }]) => {
          const attempt = requests[i - 1]?.attempt ?? `change the tables ${table}`;
          return [i - 1, new SysError({ syscall: 'nfnetlink', errno, attempt, detail })];
        }),
      );
    },
  };
}

/** struct nfgenmsg: the subsystem that a batch is for stands where others have a resource. */
const BATCH = Buffer.from([0, 0, 0, NFNL_SUBSYS_NFTABLES]);
const BEGIN = { type: NFNL_MSG_BATCH_BEGIN, flags: 0, payload: BATCH, attempt: 'begin' };
const END = { type: NFNL_MSG_BATCH_END, flags: 0, payload: BATCH, attempt: 'end' };

function request(verb: keyof typeof MESSAGE, table: string, element: SetElement): Request {
  const { family, set, key, keyEnd, data } = element;
  const parts = [attribute(ELEMENT.key | NESTED, value(key))];
  if (keyEnd !== undefined) parts.push(attribute(ELEMENT.keyEnd | NESTED, value(keyEnd)));
  if (data !== undefined && verb === 'add')
    parts.push(attribute(ELEMENT.data | NESTED, value(data)));
  const one = attribute(NFTA_LIST_ELEM | NESTED, Buffer.concat(parts));
  return {
    type: MESSAGE[verb],
    flags: verb === 'add' ? NLM_F_CREATE : 0,
    attempt: `${verb} an element of ${set}`,
    payload: Buffer.concat([
      Buffer.from([NFPROTO[family], 0, 0, 0]),
      attribute(LIST.table, Buffer.from(`${table}\0`)),
      attribute(LIST.set, Buffer.from(`${set}\0`)),
      attribute(LIST.elements | NESTED, one),
    ]),
  };
}

function value(bytes: Buffer): Buffer {
  return attribute(NFTA_DATA_VALUE, bytes);
}
