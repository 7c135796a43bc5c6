/**
 * The life of an attach. Everything is checked first; then, in one transaction of the store, the
 * leases are taken, the endpoint is recorded as intended, and the kernel is changed step by step,
 * each step with its undo. A process that is killed in between leaves only things whose names
 * derive from the endpoint's key, and no record: `reconcile` finds and removes them.
 */
import { HawserError } from '../errors.ts';
import { Rtnetlink } from '../native/rtnetlink/rtnetlink.ts';
import { takeLeases } from './addressing/leases.ts';
import { proofOf } from './addressing/proof.ts';
import { underPressure } from './addressing/reclaim.ts';
import { checkSandbox, refuseFull, refuseUnpublishable } from './admission.ts';
import { attempting } from './attempting.ts';
import type { NetContext } from './context.ts';
import { DEFAULT_NETWORK } from './default-network.ts';
import { detach } from './detach.ts';
import { hasNames, namesOf } from './dns/names.ts';
import type { Between } from './drivers/driver.ts';
import { endpointElements, networkElements } from './firewall/elements.ts';
import { hostIfnameOf, isOfEndpoint } from './kernel-names.ts';
import { macOfAddress, parseMac } from './mac.ts';
import type { Endpoint, EndpointAddress, Network } from './model.ts';
import { endpointMtu } from './mtu.ts';
import { plain } from './names.ts';
import { ensureDefaultNetwork } from './networks.ts';
import { ifPrefixOf } from './options.ts';
import { arrival } from './policy/exchange.ts';
import { winFlows } from './ports/flows.ts';
import { releasePorts } from './ports/held.ts';
import { checkLoopback } from './ports/loopback.ts';
import { reservePorts } from './ports/publish.ts';
import { present } from './present.ts';
import { expectedElements } from './repair/truth.ts';
import type { AttachRequest } from './request.ts';
import { refuseFarRoutes } from './routing/routes.ts';
import { makeMoves, movesOf, steer } from './routing/way-out.ts';
import { type Settled, settle } from './settings/endpoint-settings.ts';
import { refuseUnknownSysctls } from './settings/endpoint-sysctls.ts';
import { checkBurst, checkShaping, shape, unshape } from './shaping/queues.ts';
import { undoing } from './undo.ts';

export function attach(context: NetContext, asked: AttachRequest): Endpoint {
  const { records, store } = context;
  const name = records.network(asked.network)?.name ?? plain(asked.network);
  return attempting(`attach ${asked.owner} to ${name}`, () => {
    checkSandbox(asked.sandbox);
    const request = settle(asked);
    // In a transaction of its own: the default network stays, whatever becomes of this attach.
    if (request.network === DEFAULT_NETWORK) ensureDefaultNetwork(context);
    const network = () => records.findNetwork(request.network);
    return underPressure(context, network, () =>
      store.transaction(() => {
        using rtnl = Rtnetlink.open();
        const on = network();
        return present(context, on, request, rtnl) ?? make(context, on, request, rtnl);
      }),
    );
  });
}

function make(
  context: NetContext,
  network: Network,
  request: Settled<AttachRequest>,
  rtnl: Rtnetlink,
): Endpoint {
  const { records, firewall, store, step } = context;
  const driver = context.drivers[network.driver];
  const host = { rtnl, note: context.note };
  using inside = Rtnetlink.open(request.sandbox.path);
  const ifname = chooseIfname(context, network, request, { ...host, inside });
  refuseUnpublishable(network, request);
  refuseFull(context, network);
  refuseFarRoutes(request.routes ?? [], network);
  refuseUnknownSysctls(request.sandbox.path, request.sysctls ?? {});
  const { shaping } = request;
  if (shaping !== undefined) checkShaping(network, shaping);

  return undoing(step, (undo) => {
    const key = `${request.sandbox.id}/${ifname}`;
    const addresses = takeLeases(context, network, request, key, undo);
    const by = { endpoint: key, owner: request.owner };
    const ports = reservePorts(store, by, request.ports ?? [], addresses);
    undo('attach:ports', () => releasePorts(store, ports));
    checkLoopback(network, ports, context.note);
    const { mtu, mac } = driver.ensure(network, host);
    if (shaping !== undefined) checkBurst(shaping, mtu);
    step('attach:network');
    const hostIfname = driver.hostIfname(key);
    const endpoint: Endpoint = {
      key,
      sandbox: request.sandbox,
      network: network.id,
      ifname,
      ...(hostIfname !== undefined && { hostIfname }),
      mac: chooseMac(request, addresses, mac),
      mtu: endpointMtu(request.mtu, mtu, network),
      addresses,
      ports,
      aliases: request.aliases ?? [],
      names: hasNames(network) ? namesOf(request) : [],
      dns: request.dns ?? [],
      ...chosen(request),
      proof: proofOf(request.sandbox),
      owner: request.owner,
      ...(request.labels !== undefined && { labels: request.labels }),
      created: new Date().toISOString(),
    };
    records.putEndpoint(endpoint);
    undo('attach:record', () => records.removeEndpoint(endpoint));

    const others = records.endpoints({ sandbox: request.sandbox.id }).filter(isNot(endpoint));
    // Looked at before the link is there, since a sandbox with no link has the fewest routes.
    const moves = movesOf({ staying: [...others, endpoint] }, records, inside);
    driver.plug(endpoint, network, { ...host, inside }, undo);
    makeMoves(moves, inside);
    undo('attach:course', () => steer({ staying: others, leaving: [endpoint] }, records, inside));
    if (shaping !== undefined) {
      shape(endpoint, rtnl);
      undo('attach:shaping', () => unshape(endpoint, rtnl));
    }
    const elements = endpointElements(endpoint, network);
    // The network's first element comes along, so that a table that was flushed is noticed.
    const witness = networkElements(network).slice(0, 1);
    const { gone, added } = arrival(network, records, endpoint);
    const truth = () => expectedElements(records);
    firewall.replace(gone, [...witness, ...elements, ...added], truth);
    undo('attach:firewall', () => {
      firewall.remove([...elements, ...added]);
      firewall.add(gone, truth);
    });
    winFlows(endpoint, rtnl);
    store.ifLost(() => {
      records.putEndpoint(endpoint);
      detach(context, { sandbox: request.sandbox.id, ifname });
    });
    return endpoint;
  });
}

/** What only some endpoints are told, as it is recorded. */
function chosen({ gwPriority = 0, sysctls = {}, routes = [], shaping }: Settled<AttachRequest>) {
  return {
    ...(shaping !== undefined && { shaping }),
    ...(gwPriority !== 0 && { gwPriority }),
    ...(Object.keys(sysctls).length > 0 && { sysctls }),
    ...(routes.length > 0 && { routes }),
  };
}

function isNot({ key }: Endpoint): (other: Endpoint) => boolean {
  return (other) => other.key !== key;
}

/** The requested name if it is free in the sandbox, or the first free of eth0, eth1, ... */
function chooseIfname(
  context: NetContext,
  network: Network,
  { sandbox, ifname }: Pick<AttachRequest, 'sandbox' | 'ifname'>,
  between: Between,
): string {
  const isFree = (name: string) => isNameFree(context, `${sandbox.id}/${name}`, name, between);
  if (ifname !== undefined) {
    if (isFree(ifname)) return ifname;
    throw new HawserError('taken', `there is an interface ${ifname} in the sandbox already`);
  }
  const ifPrefix = ifPrefixOf(network.options);
  for (let i = 0; ; i++) {
    if (isFree(`${ifPrefix}${i}`)) return `${ifPrefix}${i}`;
  }
}

/** What a process that was killed has left under a name, here or at the host's end, is in nobody's way. */
function isNameFree(
  { records }: NetContext,
  key: string,
  name: string,
  { rtnl, inside }: Between,
): boolean {
  const link = inside.link(name);
  if (link === undefined) return true;
  if (records.endpoint(key) !== undefined) return false;
  const ends = [link, rtnl.link(hostIfnameOf(key))];
  return ends.some((end) => end !== undefined && isOfEndpoint(end, { key }));
}

/** On a link that shares its parent's MAC, that; else what is asked for, or follows from the address. */
function chooseMac(
  { mac: asked }: Pick<AttachRequest, 'mac'>,
  addresses: readonly EndpointAddress[],
  shared: string | undefined,
): string {
  if (shared === undefined) return asked === undefined ? macOf(addresses) : parseMac(asked);
  if (asked === undefined || parseMac(asked) === shared) return shared;
  throw new HawserError(
    'invalid',
    `MAC address ${asked} cannot be had, its links have their parent's, ${shared}`,
  );
}

function macOf(addresses: readonly EndpointAddress[]): string {
  const four = addresses.find(({ address }) => !address.includes(':'));
  const seed = four ?? addresses[0];
  if (seed === undefined) throw new HawserError('corrupt', 'the network has no subnets');
  return macOfAddress(seed.address);
}
