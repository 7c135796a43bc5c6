import { HawserError, prefixed } from '../../errors.ts';
import type { ImageConfig } from '../../image/image.ts';
import { DEFAULT_NETWORK } from '../../net/default-network.ts';
import { hasNames } from '../../net/dns/names.ts';
import { checkResolvConf } from '../../net/etc.ts';
import type { Network } from '../../net/model.ts';
import { resolveMode } from '../../net/modes.ts';
import { parsePort } from '../../net/ports/parse.ts';
import { settle } from '../../net/settings/endpoint-settings.ts';
import { checkShaping } from '../../net/shaping/queues.ts';
import type { AttachmentRequest, CreateRequest, NetworkConfig } from '../container.ts';
import type { Context } from '../context.ts';
import { findPredefined } from '../predefined.ts';
import { exposedPorts, exposedText, unpublished } from './exposed.ts';

/** Which sandbox the container gets, and what it is attached to there. */
export function configureNetwork(
  context: Context,
  request: CreateRequest,
  image: ImageConfig,
  attempt: string,
): NetworkConfig {
  const named = request.networks?.length ? request.networks : ['bridge'];
  const wanted = prefixed(attempt, () => named.map(asRequest));
  const resolver = {
    dns: request.dns ?? [],
    search: request.dnsSearch ?? [],
    options: request.dnsOptions ?? [],
  };
  prefixed(attempt, () => checkResolvConf(resolver));
  const mode = prefixed(attempt, () => resolveMode(wanted.map(({ network }) => network)));
  if (mode.kind !== 'own') refuseOwnSettings(request, wanted, mode.kind, attempt);
  else if (mode.attachments.length === 0)
    refuseAddresses(wanted, 'is attached to nothing', attempt);

  const given = (request.ports ?? []).map((port) =>
    typeof port === 'string' ? parsePort(port) : port,
  );
  const exposed = exposedPorts([...(image.exposedPorts ?? []), ...(request.expose ?? [])]);
  const ports = request.publishAll ? [...given, ...unpublished(exposed, given)] : given;
  const isAttached = mode.kind === 'own' && mode.attachments.length > 0;
  if (ports.length > 0 && !isAttached && mode.kind !== 'container') {
    context.note(`${attempt}: published ports have no effect in ${wanted[0]?.network} mode`);
  }

  return {
    mode: sandboxOf(context, mode, attempt),
    attachments: isAttached ? resolveAttachments(context, wanted, attempt) : [],
    ports: isAttached ? ports : [],
    exposed: exposed.map(exposedText),
    dns: resolver.dns,
    dnsSearch: resolver.search,
    dnsOptions: resolver.options,
    extraHosts: request.extraHosts ?? [],
  };
}

function asRequest(network: string | AttachmentRequest): AttachmentRequest {
  return typeof network === 'string' ? { network } : settle(network);
}

function sandboxOf(
  context: Context,
  mode: ReturnType<typeof resolveMode>,
  attempt: string,
): NetworkConfig['mode'] {
  switch (mode.kind) {
    case 'own':
    case 'host':
      return { kind: mode.kind };
    case 'namespace':
      return { kind: 'namespace', path: mode.path };
    case 'container': {
      const target = context.records.find(mode.container, attempt);
      // A chain of joiners ends at the one who owns the sandbox.
      return target.network.mode.kind === 'own'
        ? { kind: 'container', container: target.id }
        : target.network.mode;
    }
  }
}

/** What belongs to the owner of a sandbox cannot be chosen by somebody who joins it. */
function refuseOwnSettings(
  request: CreateRequest,
  wanted: AttachmentRequest[],
  kind: 'host' | 'container' | 'namespace',
  attempt: string,
): void {
  const joined =
    kind === 'host' ? 'the host' : kind === 'container' ? 'another container' : 'a namespace';
  const which = `joins the network of ${joined}`;
  const refuse = (what: string) => refuseSetting(what, which, attempt);
  refuseAddresses(wanted, which, attempt);
  if (kind === 'host') return;
  if (request.ports?.length || request.publishAll) refuse('a published port');
  if (request.expose?.length) refuse('an exposed port');
  if (request.hostname !== undefined) refuse('a host name');
  if (request.dns?.length || request.dnsSearch?.length) refuse('a DNS server or search domain');
  if (request.extraHosts?.length) refuse('an extra host');
}

/** What only an attachment has. */
function refuseAddresses(wanted: AttachmentRequest[], which: string, attempt: string): void {
  const refuse = (what: string) => refuseSetting(what, which, attempt);
  if (wanted.some(({ ip, ip6 }) => (ip ?? ip6) !== undefined)) refuse('an address');
  if (wanted.some(({ mac }) => mac !== undefined)) refuse('a MAC address');
  if (wanted.some(({ aliases }) => aliases?.length)) refuse('a network alias');
  const others = wanted.flatMap(({ network, ip, ip6, mac, aliases, ...rest }) => Object.keys(rest));
  if (others[0] !== undefined) refuse(`what an interface is to have (${others[0]})`);
}

function refuseSetting(what: string, which: string, attempt: string): never {
  throw new HawserError(
    'invalid',
    `${attempt}: ${what} cannot be chosen for a container that ${which}`,
  );
}

function resolveAttachments(
  context: Context,
  wanted: AttachmentRequest[],
  attempt: string,
): AttachmentRequest[] {
  const attachments = wanted.map((attachment) => {
    const network = resolveNetwork(context, attachment.network, attempt);
    const { shaping, aliases } = attachment;
    if (shaping !== undefined) prefixed(attempt, () => checkShaping(network, shaping));
    checkAliased(context, network, aliases, attempt);
    return { ...attachment, network: network.id };
  });
  const ids = attachments.map(({ network }) => network);
  const twice = wanted.find((_, index) => ids.indexOf(ids[index] ?? '') !== index);
  if (twice) {
    throw new HawserError('invalid', `${attempt}: network ${twice.network} is named twice`);
  }
  for (const [index, one] of attachments.entries()) {
    refuseSameIfname(attachments.slice(0, index), one, attempt);
  }
  return attachments;
}

/**
 * An alias is of use where containers have names. As with docker it is refused on the default
 * network, and taken elsewhere, where a program may give aliases whatever the driver.
 */
export function checkAliased(
  { note }: Pick<Context, 'note'>,
  network: Pick<Network, 'name' | 'driver' | 'bridge'>,
  aliases: readonly string[] = [],
  attempt: string,
): void {
  if (aliases.length === 0 || hasNames(network)) return;
  const { name, driver } = network;
  if (name !== DEFAULT_NETWORK) {
    note(`${attempt}: an alias has no effect on ${name}, a ${driver} network, which has no names`);
    return;
  }
  throw new HawserError(
    'invalid',
    `${attempt}: the default network has no names, so there is no alias on it`,
    { hint: 'name a network of your own: hawser network create' },
  );
}

/** Two of a container's interfaces cannot be called alike. */
export function refuseSameIfname(
  others: readonly AttachmentRequest[],
  { ifname }: Pick<AttachmentRequest, 'ifname'>,
  attempt: string,
): void {
  if (ifname === undefined || !others.some((other) => other.ifname === ifname)) return;
  throw new HawserError('invalid', `${attempt}: two interfaces are to be called ${ifname}`);
}

/** A network by name or id; the default one is made if this is its first use. */
export function resolveNetwork(
  { networking: { networks }, paths }: Context,
  ref: string,
  attempt: string,
): Network {
  const predefined = findPredefined(paths.root, ref);
  if (predefined === undefined) return networks.get(ref, attempt);
  if (predefined.driver === 'bridge') return networks.ensureDefault();
  throw new HawserError(
    'invalid',
    `${attempt}: a container is on network ${predefined.name} from its creation, or never`,
    { hint: `hawser run --network ${predefined.name}` },
  );
}
