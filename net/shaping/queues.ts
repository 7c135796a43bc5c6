/**
 * How fast an endpoint may send and receive, from the container's view: egress is what it sends.
 * Both are kept at the host's end of its veth pair, where no capability of a container reaches: what
 * the host's end sends is what the container receives, and what it receives is led through the queue
 * of an ifb of the endpoint's own.
 */
import { HawserError } from '../../errors.ts';
import {
  isRedirected,
  redirect,
  removeRedirect,
  removeTokenBucket,
  setTokenBucket,
} from '../../native/rtnetlink/queues.ts';
import type { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import type { TokenBucket } from '../../native/rtnetlink/traffic.ts';
import { aliasOfEndpoint, hostIfnameOf, ifbNameOf } from '../kernel-names.ts';
import type { Endpoint, Network, Shaping } from '../model.ts';

const ETHERNET_HEADER = 14;
/** 8 kbit/s: less would take more than a second for one packet. */
const LEAST_RATE = 8_000;
/** 100 Gbit/s. */
const MOST_RATE = 100_000_000_000;
const MOST_BURST = 0x7fffffff;

/** @throws HawserError 'invalid' for figures that cannot be kept, 'unsupported' for a network without a host's end */
export function checkShaping(network: Network, { egressRate, ingressRate, burst }: Shaping): void {
  if (network.bridge === undefined) {
    throw new HawserError(
      'unsupported',
      `${network.name} is a ${network.driver} network, whose containers have no end on the host to be shaped at`,
    );
  }
  for (const [name, rate] of Object.entries({ egressRate, ingressRate })) {
    if (rate === undefined) continue;
    if (Number.isSafeInteger(rate) && rate >= LEAST_RATE && rate <= MOST_RATE) continue;
    throw new HawserError('invalid', `${name} is 8000 to 100000000000 bits a second, not ${rate}`);
  }
  if (burst === undefined) return;
  if (egressRate === undefined && ingressRate === undefined) {
    throw new HawserError('invalid', 'a burst says nothing without a rate');
  }
  if (Number.isSafeInteger(burst) && burst > 0 && burst <= MOST_BURST) return;
  throw new HawserError('invalid', `burst is 1 to ${MOST_BURST} bytes, not ${burst}`);
}

/** @throws HawserError 'invalid' if not even one packet would get through at once */
export function checkBurst({ burst }: Shaping, mtu: number): void {
  const least = mtu + ETHERNET_HEADER;
  if (burst === undefined || burst >= least) return;
  throw new HawserError(
    'invalid',
    `a burst of ${burst} bytes is less than one packet of ${least}, and none would get through`,
  );
}

/** Makes the kernel's queues as the endpoint says, whatever they are now. */
export function shape(endpoint: Endpoint, rtnl: Rtnetlink): void {
  const { key, shaping = {} } = endpoint;
  const link = rtnl.index(hostIfnameOf(key));
  if (shaping.ingressRate === undefined) removeTokenBucket(rtnl, link);
  else setTokenBucket(rtnl, link, bucket(endpoint, shaping.ingressRate));
  if (shaping.egressRate === undefined) {
    removeRedirect(rtnl, link);
    rtnl.removeLink(ifbNameOf(key));
  } else shapeEgress(endpoint, shaping.egressRate, link, rtnl);
}

/** What does not go with the veth pair. */
export function unshape({ key }: Endpoint, rtnl: Rtnetlink): void {
  rtnl.removeLink(ifbNameOf(key));
}

function shapeEgress(endpoint: Endpoint, rate: number, link: number, rtnl: Rtnetlink): void {
  const name = ifbNameOf(endpoint.key);
  const isNew = rtnl.link(name) === undefined;
  if (isNew) rtnl.addIfb({ name, alias: aliasOfEndpoint(endpoint), mtu: endpoint.mtu });
  try {
    const ifb = rtnl.index(name);
    rtnl.setLink(ifb, { up: true });
    setTokenBucket(rtnl, ifb, bucket(endpoint, rate));
    if (!isNew && isRedirected(rtnl, link)) return;
    removeRedirect(rtnl, link);
    redirect(rtnl, link, ifb);
  } catch (error) {
    if (isNew) rtnl.removeLink(name);
    throw error;
  }
}

/**
 * Unless a burst is asked for, what is sent in 40 ms: on a busy machine a queue may be served that
 * late, and what it could not send meanwhile is lost to the rate if the bucket is full by then. What
 * may wait is 50 ms more: a longer queue is felt as delay, a shorter one costs TCP its rate. Both
 * have room for some packets at low rates.
 */
export function bucket({ mtu, shaping }: Endpoint, bits: number): TokenBucket {
  const rate = Math.floor(bits / 8);
  const packet = mtu + ETHERNET_HEADER;
  const burst = shaping?.burst ?? Math.max(Math.ceil(rate / 25), 2 * packet);
  const limit = burst + Math.max(Math.ceil(rate / 20), 16 * packet);
  return { rate, burst: Math.min(burst, MOST_BURST), limit: Math.min(limit, 0xffffffff) };
}
