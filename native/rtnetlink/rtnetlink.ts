import { inNetns } from '../netns.ts';
import { failedWith } from '../sys-error.ts';
import {
  type Address,
  decodeAddress,
  deleteAddress,
  getAddresses,
  type NewAddress,
  newAddress,
} from './address.ts';
import {
  type BridgeChange,
  type BridgePortChange,
  changeBridge,
  changeBridgePort,
  decodeBridge,
  decodeBridgePort,
  type NewBridge,
  newBridge,
} from './bridge.ts';
import { decodeCounters, getCounters, type LinkCounters } from './counters.ts';
import {
  changeLink,
  decodeLink,
  deleteLink,
  getLink,
  getLinks,
  type Link,
  type LinkChange,
  type LinkRef,
  type NewLink,
  refText,
} from './link.ts';
import type { Reply, Request } from './message.ts';
import {
  decodeNeighbour,
  deleteNeighbour,
  getNeighbours,
  type Neighbour,
  newNeighbour,
} from './neighbour.ts';
import { withNetns } from './netns-ref.ts';
import {
  decodeRoute,
  deleteRoute,
  getRoutes,
  type NewRoute,
  newRoute,
  type Route,
} from './route.ts';
import { NetlinkSocket } from './socket.ts';
import { baseless, type NewStacked, newStacked, type Stacking } from './stacked.ts';
import { newIfb } from './traffic.ts';
import { type NewVeth, newVeth } from './veth.ts';

const NETLINK_ROUTE = 0;
const ENODEV = 19;

/**
 * The links, addresses, routes and neighbours of one network namespace. Every method is done when
 * it returns, and throws a SysError in the kernel's words when it fails.
 */
export class Rtnetlink {
  readonly #socket: NetlinkSocket;
  #queue: Request[] | undefined;

  /** Of the namespace that the thread is in; see `open` for another's. */
  constructor() {
    this.#socket = new NetlinkSocket(NETLINK_ROUTE);
  }

  /** @param netns a path that names the namespace; without it, the one that the thread is in */
  static open(netns?: string): Rtnetlink {
    return netns === undefined ? new Rtnetlink() : inNetns(netns, () => new Rtnetlink());
  }

  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  links(): Link[] {
    return this.#socket.dump(this.#ask(getLinks()), decodeLink);
  }

  link(ref: LinkRef): Link | undefined {
    return this.#find(getLink(ref), decodeLink);
  }

  addBridge(spec: NewBridge): void {
    this.#create(newBridge(spec), spec);
  }

  /** A veth pair, with the peer born where it is to be: it is never seen anywhere else. */
  addVeth(spec: NewVeth): void {
    const master = this.#optional(spec.master);
    withNetns(spec.peer.netns, (netns) => this.#create(newVeth(spec, { master, netns }), spec));
  }

  /** A macvlan, ipvlan or VLAN on a link of this namespace, born where it is to be. */
  addStacked(spec: NewStacked): void {
    const parent = this.#get(spec.parent);
    withNetns(spec.netns, (netns) => this.#create(newStacked(spec, parent, netns), spec));
  }

  /** Whether this kernel knows links of a kind. Nothing is made. */
  offers(kind: Stacking['kind']): boolean {
    try {
      this.#socket.run([this.#ask(baseless(kind))]);
    } catch (error) {
      return !failedWith(error, 'EOPNOTSUPP');
    }
    return true;
  }

  setLink(ref: LinkRef, change: LinkChange): void {
    // A name that finds the link cannot also say what it is to be called.
    const target = change.name === undefined ? ref : this.index(ref);
    const master = this.#optional(change.master);
    withNetns(change.netns, (netns) => {
      this.run(changeLink(target, change, { master, netns }));
      if (netns !== undefined) this.#flush(); // while the descriptor is open
    });
  }

  /** How a bridge is set; undefined if there is no bridge of that name. */
  bridge(ref: LinkRef): BridgeChange | undefined {
    return this.#find(getLink(ref), decodeBridge);
  }

  setBridge(ref: LinkRef, change: BridgeChange): void {
    this.run(changeBridge(ref, change));
  }

  /** Undefined if there is no such link. */
  counters(ref: LinkRef): LinkCounters | undefined {
    const link = this.link(ref);
    return link && this.#find(getCounters(link.index), decodeCounters)?.counters;
  }

  /** Of every link, by its name. */
  allCounters(): Map<string, LinkCounters> {
    const names = new Map(this.links().map(({ index, name }) => [index, name]));
    const all = this.#socket.dump(this.#ask(getCounters()), decodeCounters);
    return new Map(all.map(({ index, counters }) => [names.get(index) ?? '', counters]));
  }

  /** How a port of a bridge is set; undefined if there is no such link, or it is no port of one. */
  bridgePort(ref: LinkRef): Required<BridgePortChange> | undefined {
    return this.#find(getLink(ref), decodeBridgePort);
  }

  setBridgePort(ref: LinkRef, change: BridgePortChange): void {
    this.run(changeBridgePort(ref, change));
  }

  /** Returns false if there is no such link. A veth takes its peer along. */
  removeLink(ref: LinkRef): boolean {
    return this.remove(deleteLink(ref), 'ENODEV');
  }

  /** Those of one interface, or all of them. */
  addresses(link?: LinkRef): Address[] {
    const index = this.#optional(link);
    const list = this.#socket.dump(this.#ask(getAddresses(index)), decodeAddress);
    return index === undefined ? list : list.filter((address) => address.link === index);
  }

  addAddress(link: LinkRef, spec: NewAddress): void {
    this.run(newAddress(this.index(link), refText(link), spec));
  }

  /** Returns false if the link has no such address. */
  removeAddress(link: LinkRef, spec: NewAddress): boolean {
    const request = deleteAddress(this.index(link), refText(link), spec);
    return this.remove(request, 'EADDRNOTAVAIL', 'ENODEV');
  }

  routes(filter: { family?: 4 | 6; table?: number } = {}): Route[] {
    const { family, table } = filter;
    try {
      return this.#socket
        .dump(this.#ask(getRoutes(filter)), decodeRoute)
        .filter((r) => (family ?? r.family) === r.family && (table ?? r.table) === r.table);
    } catch (error) {
      if (table !== undefined && failedWith(error, 'ENOENT')) return []; // a table nothing is in
      throw error;
    }
  }

  addRoute(spec: NewRoute): void {
    this.run(newRoute(spec, this.#optional(spec.link)));
  }

  /** Returns false if there is no such route. What the spec leaves out matches anything. */
  removeRoute(spec: NewRoute): boolean {
    return this.remove(deleteRoute(spec, this.#optional(spec.link)), 'ESRCH', 'ENODEV');
  }

  neighbours(link?: LinkRef): Neighbour[] {
    const index = this.#optional(link);
    const list = this.#socket.dump(this.#ask(getNeighbours()), decodeNeighbour);
    return index === undefined ? list : list.filter((neighbour) => neighbour.link === index);
  }

  /** A permanent entry, in the place of whatever was known of the address. */
  setNeighbour(link: LinkRef, address: string, mac: string): void {
    this.run(newNeighbour(this.index(link), address, mac));
  }

  /** Returns false if nothing was known of it. */
  removeNeighbour(link: LinkRef, address: string): boolean {
    return this.remove(deleteNeighbour(this.index(link), address), 'ENOENT', 'ENODEV');
  }

  addIfb(spec: NewLink): void {
    this.#create(newIfb(spec), spec);
  }

  /**
   * Sends the changes that `work` makes together: fewer system calls, the same order. All of them
   * are attempted, and the first failure is thrown. Whatever needs an answer (a list, a look-up by
   * name, a removal, the making of a link) waits for what came before it, so give indexes, not names.
   */
  batch<T>(work: () => T): T {
    if (this.#queue !== undefined) return work(); // within another batch
    this.#queue = [];
    try {
      const result = work();
      this.#flush();
      return result;
    } finally {
      this.#queue = undefined;
    }
  }

  /** Carries a request out, now or with the batch that it belongs to. */
  run(request: Request): void {
    if (this.#queue === undefined) this.#socket.run([request]);
    else this.#queue.push(request);
  }

  #flush(): void {
    const queue = this.#queue?.splice(0) ?? [];
    if (queue.length > 0) this.#socket.run(queue);
  }

  /** Makes good on what is queued, before a question whose answer may depend on it. */
  #ask(request: Request): Request {
    this.#flush();
    return request;
  }

  /**
   * Never in one send with what follows: the kernel would go on after a name that is taken, and
   * change somebody else's link.
   */
  #create(request: Request, { name, alias }: { name: string; alias?: string }): void {
    this.#flush();
    this.#socket.run([request]);
    if (alias !== undefined) this.run(changeLink(name, { alias }));
  }

  /** Carries a removal out; false if it fails with one of the errnos that mean that it was gone. */
  remove(request: Request, ...gone: string[]): boolean {
    this.#flush();
    try {
      this.#socket.run([request]);
      return true;
    } catch (error) {
      if (failedWith(error, ...gone)) return false;
      throw error;
    }
  }

  dump<T>(request: Request, decode: (reply: Reply) => T): T[] {
    return this.#socket.dump(this.#ask(request), decode);
  }

  index(ref: LinkRef): number {
    return typeof ref === 'number' ? ref : this.#get(ref).index;
  }

  #find<T>(request: Request, decode: (reply: Reply) => T): T | undefined {
    const reply = this.#socket.find(this.#ask(request), ENODEV);
    return reply && decode(reply);
  }

  #get(ref: LinkRef): Link {
    return decodeLink(this.#socket.get(this.#ask(getLink(ref))));
  }

  #optional(ref: LinkRef | undefined): number | undefined {
    return ref === undefined ? undefined : this.index(ref);
  }
}
