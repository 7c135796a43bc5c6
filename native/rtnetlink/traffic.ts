/**
 * Traffic control: what a link may send a second, and where what it receives is led (tc(8), tc-tbf(8),
 * tc-mirred(8), <linux/pkt_sched.h>, <linux/pkt_cls.h>).
 */
import { rt, structs } from './codec.ts';
import { createLink, linkInfo, type NewLink } from './link.ts';
import type { Request } from './message.ts';
import { encode, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, only, type Reply } from './message.ts';

/** A token bucket: so much a second, so much at once, and so much that waits for its turn. */
export interface TokenBucket {
  /** Bytes a second. */
  rate: number;
  /** Bytes; no less than one packet with its Ethernet header, or that is dropped. */
  burst: number;
  /** Bytes that may queue; what comes then is dropped. */
  limit: number;
}

/** What decides which packets a link sends when, or receives. */
export interface Qdisc {
  /** The interface's index. */
  link: number;
  /** `tbf`, `ingress`, `noqueue`, ... */
  kind: string;
  /** A token bucket's, in bytes a second. */
  rate: number | undefined;
}

const RTM_NEWQDISC = 36;
const RTM_DELQDISC = 37;
const RTM_GETQDISC = 38;
const RTM_NEWTFILTER = 44;
const RTM_GETTFILTER = 46;
const HEADER_LENGTH = 20;
const TC_H_ROOT = 0xffffffff;
const TC_H_INGRESS = 0xfffffff1;
const INGRESS_HANDLE = 0xffff0000;
/** TCA_KIND, OPTIONS */
const KNOWN = new Set([1, 2]);
const [TCA_TBF_PARMS, TCA_TBF_RATE64, TCA_TBF_BURST] = [1, 4, 6];
const [TCA_U32_SEL, TCA_U32_ACT] = [5, 7];
const [TCA_ACT_KIND, TCA_ACT_OPTIONS, TCA_MIRRED_PARMS] = [1, 2, 2];

/** A link that hands back what is led to it, after its own queue: a place to queue what another receives. */
export function newIfb(spec: NewLink): Request {
  return createLink(`make the ifb ${spec.name}`, spec, { linkinfo: linkInfo({ kind: 'ifb' }) });
}

/** In the place of the queue that the link has. */
export function newTokenBucket(link: number, name: string, bucket: TokenBucket): Request {
  const { rate, burst, limit } = bucket;
  const parms = Buffer.alloc(36); // struct tc_tbf_qopt
  parms.writeUInt8(1, 1); // TC_LINKLAYER_ETHERNET, of the rate and of the peak rate: no table is needed
  parms.writeUInt8(1, 13);
  parms.writeUInt32LE(Math.min(rate, 0xffffffff), 8);
  parms.writeUInt32LE(limit, 24);
  const options = nest([
    [TCA_TBF_PARMS, parms],
    [TCA_TBF_BURST, structs().putU32(burst)],
    ...(rate > 0xffffffff ? [[TCA_TBF_RATE64, u64(rate)] as const] : []),
  ]);
  return {
    type: RTM_NEWQDISC,
    flags: NLM_F_CREATE | NLM_F_REPLACE,
    attempt: `shape what ${name} sends`,
    payload: tc({ ifindex: link, parent: TC_H_ROOT }, 'tbf', options),
  };
}

export function deleteRoot(link: number, name: string): Request {
  const payload = tc({ ifindex: link, parent: TC_H_ROOT });
  return { type: RTM_DELQDISC, flags: 0, attempt: `no longer shape what ${name} sends`, payload };
}

export function newIngress(link: number, name: string): Request {
  return {
    type: RTM_NEWQDISC,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    attempt: `look at what ${name} receives`,
    payload: tc({ ifindex: link, parent: TC_H_INGRESS, handle: INGRESS_HANDLE }, 'ingress'),
  };
}

/** The filters go with it. */
export function deleteIngress(link: number, name: string): Request {
  const attempt = `no longer look at what ${name} receives`;
  const payload = tc({ ifindex: link, parent: TC_H_INGRESS });
  return { type: RTM_DELQDISC, flags: 0, attempt, payload };
}

/** Leads all that a link with an ingress qdisc receives to another link's queue first. */
export function newRedirect(link: number, name: string, to: number): Request {
  const selector = Buffer.alloc(32); // struct tc_u32_sel, and one key that matches anything
  selector.writeUInt8(1, 0); // TC_U32_TERMINAL
  selector.writeUInt8(1, 2);
  const mirred = Buffer.alloc(28); // struct tc_mirred
  mirred.writeInt32LE(4, 8); // TC_ACT_STOLEN
  mirred.writeInt32LE(1, 20); // TCA_EGRESS_REDIR
  mirred.writeUInt32LE(to, 24);
  const action = nest([
    [TCA_ACT_KIND, structs().putString('mirred')],
    [TCA_ACT_OPTIONS, nest([[TCA_MIRRED_PARMS, mirred]])],
  ]);
  const options = nest([
    [TCA_U32_SEL, selector],
    [TCA_U32_ACT, nest([[1, action]])],
  ]);
  const info = 0x10300; // preference 1, ETH_P_ALL in the network's byte order
  return {
    type: RTM_NEWTFILTER,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    attempt: `lead what ${name} receives through a queue`,
    payload: tc({ ifindex: link, parent: INGRESS_HANDLE, info }, 'u32', options),
  };
}

export function getQdiscs(): Request {
  return { type: RTM_GETQDISC, flags: 0, attempt: 'list the queues', payload: tc({}) };
}

/** Those of a link's ingress qdisc. */
export function getIngressFilters(link: number): Request {
  const payload = tc({ ifindex: link, parent: INGRESS_HANDLE });
  return { type: RTM_GETTFILTER, flags: 0, attempt: 'list the filters', payload };
}

export function decodeQdisc({ payload }: Reply): Qdisc {
  const { ifindex = 0 } = rt().parseTc(payload.subarray(0, HEADER_LENGTH));
  const { kind = '', options } = rt().parseTcAttrs(only(payload.subarray(HEADER_LENGTH), KNOWN));
  return { link: ifindex, kind, rate: kind === 'tbf' && options ? rateOf(options) : undefined };
}

function rateOf(options: Buffer): number | undefined {
  let rate: number | undefined;
  structs().parseAttributes(options, ({ type, data }) => {
    if (type === TCA_TBF_PARMS) rate ??= data.readUInt32LE(8);
    if (type === TCA_TBF_RATE64) rate = Number(data.readBigUInt64LE(0));
  });
  return rate;
}

function tc(
  header: Parameters<ReturnType<typeof rt>['formatTc']>[0],
  kind?: string,
  options?: Buffer,
) {
  const attrs = { ...(kind !== undefined && { kind }), ...(options && { options }) };
  return encode(rt().formatTc(header), rt().formatTcAttrs(attrs));
}

function nest(attributes: readonly (readonly [type: number, data: Buffer])[]): Buffer {
  return encode((out) => {
    for (const [type, data] of attributes) out.push(type, data);
  });
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
