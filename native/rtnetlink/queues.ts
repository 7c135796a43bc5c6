/** Queues of a namespace's links: what they may send a second, and where what they receive is led. */
import { type LinkRef, refText } from './link.ts';
import type { Rtnetlink } from './rtnetlink.ts';
import {
  decodeQdisc,
  deleteIngress,
  deleteRoot,
  getIngressFilters,
  getQdiscs,
  newIngress,
  newRedirect,
  newTokenBucket,
  type Qdisc,
  type TokenBucket,
} from './traffic.ts';

/** Those of all links. */
export function qdiscs(rtnl: Rtnetlink): Qdisc[] {
  return rtnl.dump(getQdiscs(), decodeQdisc);
}

/** Bounds what a link sends, in the place of the queue that it has. */
export function setTokenBucket(rtnl: Rtnetlink, link: LinkRef, bucket: TokenBucket): void {
  rtnl.run(newTokenBucket(rtnl.index(link), refText(link), bucket));
}

/** Returns false if the link has no queue but the kernel's own. */
export function removeTokenBucket(rtnl: Rtnetlink, link: LinkRef): boolean {
  return rtnl.remove(deleteRoot(rtnl.index(link), refText(link)), 'ENOENT', 'EINVAL');
}

/** All that a link receives goes through another's queue first, and then its way. */
export function redirect(rtnl: Rtnetlink, link: LinkRef, to: LinkRef): void {
  const index = rtnl.index(link);
  const target = rtnl.index(to);
  rtnl.run(newIngress(index, refText(link)));
  rtnl.run(newRedirect(index, refText(link), target));
}

export function isRedirected(rtnl: Rtnetlink, link: LinkRef): boolean {
  return rtnl.dump(getIngressFilters(rtnl.index(link)), () => true).length > 0;
}

/** Returns false if nothing was redirected. */
export function removeRedirect(rtnl: Rtnetlink, link: LinkRef): boolean {
  return rtnl.remove(deleteIngress(rtnl.index(link), refText(link)), 'ENOENT', 'EINVAL');
}
