/**
 * The macvlan and ipvlan drivers: each endpoint is a link that stands on an interface of the host,
 * the network's parent, and is on the wire beside the host: with a MAC of its own (macvlan), or
 * under the parent's (ipvlan). It is born in the sandbox, and no end of it is on the host.
 */
import { HawserError } from '../../errors.ts';
import { isPinned } from '../../native/netns.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { aliasOfEndpoint, hostIfnameOf, isOfEndpoint } from '../kernel-names.ts';
import type { Endpoint, Network } from '../model.ts';
import { defaultRouteLink } from '../routing/default-route.ts';
import { failureOf } from '../undo.ts';
import type { Between, Driver } from './driver.ts';
import { configureInside, interiorDifferences } from './interior.ts';
import { checkParent, ensureVlan, releaseVlan, requireParent } from './parent.ts';
import { parseStackedOptions, type StackedOptions, sharesMac } from './stacked-options.ts';
import { refuseRivals } from './stacked-rivals.ts';

export const macvlanDriver = stackedDriver('macvlan');
export const ipvlanDriver = stackedDriver('ipvlan');

function stackedDriver(name: 'macvlan' | 'ipvlan'): Driver {
  return {
    name,

    design(sketch, others, { rtnl }) {
      const { parent = defaultParent(rtnl) } = optionsOf(sketch);
      const network = { ...sketch, parent };
      if (network.internal) {
        throw new HawserError(
          'invalid',
          `a ${name} network is on the wire of its parent, which hawser cannot close: it is not internal`,
        );
      }
      if (!rtnl.offers(name)) {
        const hint = `modprobe ${name}`;
        throw new HawserError('unsupported', `this kernel has no ${name}`, { hint });
      }
      refuseRivals(network, others);
      checkParent(network, rtnl);
      tryOut(network, rtnl);
      return network;
    },

    ensure(network, { rtnl }) {
      ensureVlan(network, rtnl);
      const parent = requireParent(network, rtnl);
      const { mtu = parent.mtu, stacking } = optionsOf(network);
      if (mtu > parent.mtu) {
        throw new HawserError(
          'invalid',
          `network ${network.name}: an MTU of ${mtu} is more than the ${parent.mtu} of its parent ${parent.name}`,
        );
      }
      return sharesMac(stacking) ? { mtu, mac: parent.mac } : { mtu };
    },

    differences(network, _endpoints, { rtnl }) {
      const why = failureOf(() => requireParent(network, rtnl));
      if (why === undefined) return [];
      const mend = () => {
        using rtnl = Rtnetlink.open();
        ensureVlan(network, rtnl);
        requireParent(network, rtnl);
      };
      return [{ kind: 'parent', what: `network ${network.name}: ${why}`, mend }];
    },

    remove(network, { rtnl }, others) {
      releaseVlan(network, others, rtnl);
    },

    capacity(network) {
      const { stacking } = optionsOf(network);
      return stacking.kind === 'macvlan' && stacking.mode === 'passthru' ? 1 : undefined;
    },

    hostIfname: () => undefined,

    plug(endpoint, network, between, undo) {
      removeOwn(endpoint, between.inside);
      bear(endpoint, network, between);
      undo('attach:link', () => removeOwn(endpoint, between.inside));
      configureInside(endpoint, network, between.inside);
      undo('attach:addresses', () => {}); // went with the link
    },

    setPorts: () => {}, // nothing on the host leads there
    unplug,

    // Not left to the namespace's end: meanwhile it would keep its addresses or its parent from the next.
    unhook: unplug,

    endpointDifferences(endpoint, network, { rtnl, inside }, join) {
      const link = inside.link(endpoint.ifname);
      if (link === undefined || !isOfEndpoint(link, endpoint)) return [join];
      if (link.linkIndex !== rtnl.link(network.parent ?? '')?.index) return [join];
      return interiorDifferences(endpoint, network, inside);
    },
  };
}

function optionsOf({ driver, options }: Network): StackedOptions {
  return parseStackedOptions(driver === 'ipvlan' ? driver : 'macvlan', options);
}

function defaultParent(rtnl: Rtnetlink): string {
  const link = defaultRouteLink(rtnl);
  if (link !== undefined) return link.name;
  throw new HawserError(
    'invalid',
    'the host has no default route, whose interface would be the parent',
    { hint: 'name one: -o parent=IF' },
  );
}

/** Whatever the kernel has against this parent it says now, and not at the first attach. */
function tryOut(network: Network, rtnl: Rtnetlink): void {
  const parent = rtnl.link(network.parent ?? '');
  if (parent === undefined) return; // a VLAN that is yet to be made
  const name = hostIfnameOf(network.id);
  rtnl.addStacked({ name, parent: parent.name, stacking: optionsOf(network).stacking });
  rtnl.removeLink(name);
}

/**
 * Under a name that nobody has until it is there: kernels before 6.15 look whether the name is taken
 * in the namespace of the socket, not in the one it is born in.
 */
function bear(endpoint: Endpoint, network: Network, { rtnl, inside }: Between): void {
  const { key, ifname, mac, mtu, sandbox } = endpoint;
  const { stacking } = optionsOf(network);
  const name = hostIfnameOf(key);
  rtnl.addStacked({
    name,
    mtu,
    parent: requireParent(network, rtnl).name,
    stacking,
    netns: sandbox.path,
    ...(!sharesMac(stacking) && { mac }),
  });
  const link = inside.link(name)?.index ?? name;
  inside.batch(() => {
    inside.setLink(link, { alias: aliasOfEndpoint(endpoint) });
    inside.setLink(link, { name: ifname });
  });
}

function unplug(endpoint: Endpoint): void {
  if (!isPinned(endpoint.sandbox.path)) return;
  using inside = Rtnetlink.open(endpoint.sandbox.path);
  removeOwn(endpoint, inside);
}

/** The endpoint's link, under the name it was born with or its own; a stranger of that name stays. */
function removeOwn(endpoint: Endpoint, inside: Rtnetlink): void {
  for (const name of [endpoint.ifname, hostIfnameOf(endpoint.key)]) {
    const link = inside.link(name);
    if (link !== undefined && isOfEndpoint(link, endpoint)) inside.removeLink(link.index);
  }
}
