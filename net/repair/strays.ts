/** What is of hawser's making and belongs to no record. */
import { isPinned } from '../../native/netns.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
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
  return rtnl.links().flatMap((link) => {
    const owned = ownership(link);
    if (owned === undefined) return [];
    const isShared = 'network' in owned;
    if (isShared ? shared.has(link.name) : own.has(link.name)) return [];
    const mend = () => {
      using rtnl = Rtnetlink.open();
      rtnl.removeLink(link.name);
    };
    return isShared
      ? [{ kind: 'bridge', what: `${link.kind} ${link.name} belongs to no network`, mend }]
      : [{ kind: 'link', what: `link ${link.name} belongs to no endpoint`, mend }];
  });
}

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
