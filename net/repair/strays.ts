/** What is of hawser's making and belongs to no record. */
import { isPinned } from '../../native/netns.ts';
import type { Link } from '../../native/rtnetlink/link.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { sleep } from '../../native/sleep.ts';
import type { NetContext } from '../context.ts';
import { LENT } from '../drivers/adopted.ts';
import { ifbNameOf, ownership } from '../kernel-names.ts';
import type { Endpoint, Sandbox } from '../model.ts';
import { poolId } from '../networks.ts';
import { dropReservation, reservations } from '../ports/held.ts';
import type { Difference } from './difference.ts';

export function strayLinks({ records }: NetContext): Difference[] {
  const own = new Set(records.endpoints().flatMap(linksOf));
  const shared = new Set(records.networks().flatMap(({ bridge, parent }) => [bridge, parent]));
  using rtnl = Rtnetlink.open();
  const strays = () =>
    rtnl.links().flatMap((link) => {
      const owned = ownership(link);
      if (owned === undefined) return [];
      const isShared = 'network' in owned;
      return (isShared ? shared : own).has(link.name) ? [] : [{ link, isShared }];
    });
  return patiently(strays, ({ link }) => isLeaving(link)).map(({ link, isShared }) => ({
    kind: isShared ? 'bridge' : 'link',
    what: isShared
      ? `${link.kind} ${link.name} belongs to no network`
      : `link ${link.name} belongs to no endpoint`,
    mend() {
      using rtnl = Rtnetlink.open();
      rtnl.removeLink(link.name);
    },
  }));
}

/** As a link is left whose sandbox is ending: the kernel takes it along, some milliseconds later. */
function isLeaving({ kind, up }: Link): boolean {
  return kind === 'veth' && !up;
}

/** What there is, once nothing of it is about to go by itself, or after a while all the same. */
function patiently<T>(look: () => T[], isPassing: (one: T) => boolean): T[] {
  let found = look();
  for (let waited = 0; waited < PATIENCE && found.some(isPassing); waited += PAUSE) {
    sleep(PAUSE);
    found = look();
  }
  return found;
}

/** Milliseconds. */
const PATIENCE = 500;
const PAUSE = 10;

/** The host's. */
function linksOf({ key, hostIfname, shaping }: Endpoint): (string | undefined)[] {
  return [hostIfname, ...(shaping?.egressRate === undefined ? [] : [ifbNameOf(key)])];
}

/** Links without an end on the host show only in the sandbox. */
export function strayLinksInside(
  { records }: NetContext,
  sandboxes: readonly Sandbox[],
): Difference[] {
  const known = [...sandboxes, ...records.endpoints().map(({ sandbox }) => sandbox)];
  const paths = new Set(known.map(({ path }) => path).filter(isPinned));
  return [...paths].flatMap((path) => {
    using inside = Rtnetlink.open(path);
    return inside.links().flatMap((link) => {
      const owned = ownership(link);
      if (owned === undefined || !('endpoint' in owned)) return [];
      if (records.endpoint(owned.endpoint) !== undefined) return [];
      const mend = () => {
        using inside = Rtnetlink.open(path);
        inside.removeLink(link.name);
      };
      return [{ kind: 'link', what: `link ${link.name} in ${path} belongs to no endpoint`, mend }];
    });
  });
}

/** What was lent to a bridge of the user's by a process that was killed before it could record it. */
export function strayAddresses({ records }: NetContext): Difference[] {
  const gateways = new Set(
    records.networks().flatMap(({ subnets }) => subnets.map(({ gateway }) => gateway)),
  );
  using rtnl = Rtnetlink.open();
  return rtnl
    .addresses()
    .filter(({ protocol, address }) => protocol === LENT && !gateways.has(address))
    .map(({ link, address, prefix }) => ({
      kind: 'address',
      what: `address ${address} belongs to no network`,
      mend() {
        using rtnl = Rtnetlink.open();
        rtnl.removeAddress(link, { address, prefix });
      },
    }));
}

export function strayLeases({ ipam, records }: NetContext): Difference[] {
  const pools = new Set(
    records
      .networks()
      .flatMap(({ id, subnets }) => subnets.map(({ subnet }) => poolId(id, subnet))),
  );
  return ipam.pools().flatMap(({ id, subnet }) => {
    const stray = Array.from(ipam.leases(id))
      .filter(({ owner }) => records.endpoint(owner) === undefined)
      .map(({ address, owner }) => ({
        kind: 'lease',
        what: `${address} is leased to ${owner}, which is no endpoint`,
        mend: () => void ipam.release(id, owner),
      }));
    if (pools.has(id)) return stray;
    const mend = () => void ipam.removePool(id);
    return [...stray, { kind: 'pool', what: `the pool ${subnet} belongs to no network`, mend }];
  });
}

export function strayPorts({ store, records }: NetContext): Difference[] {
  return Array.from(reservations(store))
    .filter(({ endpoint }) => records.endpoint(endpoint) === undefined)
    .map(({ key, endpoint }) => ({
      kind: 'port',
      what: `port ${key} is held by ${endpoint}, which is no endpoint`,
      mend: () => dropReservation(store, key),
    }));
}
