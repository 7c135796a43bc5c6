/**
 * The life of an attach. Everything is checked first; then, in one transaction of the store, the
 * leases are taken, the endpoint is recorded as intended, and the kernel is changed step by step,
 * each step with its undo. A process that is killed in between leaves only things whose names
 * derive from the endpoint's key, and no record: `reconcile` finds and removes them.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { HawserError, prefixed } from '../errors.ts';
import { isPinned, netnsIdentity } from '../native/netns.ts';
import { Rtnetlink } from '../native/rtnetlink/rtnetlink.ts';
import type { NetContext } from './context.ts';
import { DEFAULT_NETWORK } from './default-network.ts';
import { endpointElements, networkElements } from './firewall/elements.ts';
import { winFlows } from './flows.ts';
import { releasePorts } from './held-ports.ts';
import { takeLeases } from './leases.ts';
import { checkLoopback } from './loopback.ts';
import { macOfAddress, parseMac } from './mac.ts';
import type { Endpoint, EndpointAddress, Network } from './model.ts';
import { checkInterfaceName, checkSandboxId, plain } from './names.ts';
import { ensureDefaultNetwork } from './networks.ts';
import { ifPrefixOf } from './options.ts';
import { present } from './present.ts';
import { reservePorts } from './publish.ts';
import type { AttachRequest } from './request.ts';
import { expectedElements } from './truth.ts';
import { undoing } from './undo.ts';

export function attach(context: NetContext, request: AttachRequest): Endpoint {
  const { records, store } = context;
  const name = records.network(request.network)?.name ?? plain(request.network);
  return prefixed(`attach ${request.owner} to ${name}`, () => {
    checkRequest(request);
    // In a transaction of its own: the default network stays, whatever becomes of this attach.
    if (request.network === DEFAULT_NETWORK) ensureDefaultNetwork(context);
    return store.transaction(() => {
      const network = records.findNetwork(request.network);
      using rtnl = Rtnetlink.open();
      return present(context, network, request, rtnl) ?? make(context, network, request, rtnl);
    });
  });
}

/** What can be judged from the request alone. */
function checkRequest({ sandbox, ifname, ip, ip6, mac }: AttachRequest): void {
  checkSandboxId(sandbox.id);
  if (ifname !== undefined) checkInterfaceName(ifname);
  if (mac !== undefined) parseMac(mac);
  if (ip !== undefined && !isIPv4(ip)) {
    throw new HawserError('invalid', `${JSON.stringify(ip)} is not an IPv4 address`);
  }
  if (ip6 !== undefined && !isIPv6(ip6)) {
    throw new HawserError('invalid', `${JSON.stringify(ip6)} is not an IPv6 address`);
  }
  if (!isPinned(sandbox.path)) {
    throw new HawserError('not-found', `${sandbox.path} is not a network namespace`);
  }
  if (netnsIdentity(sandbox.path) === netnsIdentity()) {
    throw new HawserError('invalid', `${sandbox.path} is the host's own network namespace`);
  }
}

function make(
  context: NetContext,
  network: Network,
  request: AttachRequest,
  rtnl: Rtnetlink,
): Endpoint {
  const { records, firewall, store, step } = context;
  const driver = context.drivers[network.driver];
  const host = { rtnl, note: context.note };
  using inside = Rtnetlink.open(request.sandbox.path);
  const ifname = chooseIfname(network, request, inside);
  if (network.internal && request.ports?.length) {
    throw new HawserError(
      'invalid',
      `${network.name} is internal, nothing from outside reaches a published port`,
    );
  }

  return undoing(step, (undo) => {
    const key = `${request.sandbox.id}/${ifname}`;
    const addresses = takeLeases(context, network, request, key, undo);
    const by = { endpoint: key, owner: request.owner };
    const ports = reservePorts(store, by, request.ports ?? [], addresses);
    undo('attach:ports', () => releasePorts(store, ports));
    checkLoopback(ports, context.note);
    const { mtu } = driver.ensure(network, host);
    step('attach:network');
    const hostIfname = driver.hostIfname(key);
    const endpoint: Endpoint = {
      key,
      sandbox: request.sandbox,
      network: network.id,
      ifname,
      ...(hostIfname !== undefined && { hostIfname }),
      mac: request.mac === undefined ? macOf(addresses) : parseMac(request.mac),
      mtu,
      addresses,
      ports,
      aliases: request.aliases ?? [],
      owner: request.owner,
      created: new Date().toISOString(),
    };
    records.putEndpoint(endpoint);
    undo('attach:record', () => records.removeEndpoint(endpoint));

    driver.plug(endpoint, network, { ...host, inside }, undo);
    const elements = endpointElements(endpoint);
    // The network's first element comes along, so that a table that was flushed is noticed.
    const witness = networkElements(network).slice(0, 1);
    firewall.add([...witness, ...elements], () => expectedElements(records));
    undo('attach:firewall', () => firewall.remove(elements));
    winFlows(endpoint, rtnl);
    return endpoint;
  });
}

/** The requested name if it is free in the sandbox, or the first free of eth0, eth1, ... */
function chooseIfname(network: Network, { ifname }: AttachRequest, inside: Rtnetlink): string {
  const isFree = (name: string) => inside.link(name) === undefined;
  if (ifname !== undefined) {
    if (isFree(ifname)) return ifname;
    throw new HawserError('taken', `there is an interface ${ifname} in the sandbox already`);
  }
  const ifPrefix = ifPrefixOf(network.options);
  for (let i = 0; ; i++) {
    if (isFree(`${ifPrefix}${i}`)) return `${ifPrefix}${i}`;
  }
}

function macOf(addresses: readonly EndpointAddress[]): string {
  const four = addresses.find(({ address }) => !address.includes(':'));
  const seed = four ?? addresses[0];
  if (seed === undefined) throw new HawserError('corrupt', 'the network has no subnets');
  return macOfAddress(seed.address);
}
