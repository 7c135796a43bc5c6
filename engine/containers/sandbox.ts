import { HawserError } from '../../errors.ts';
import type { Family } from '../../ipam/address.ts';
import { pinNetns, unpinNetns } from '../../native/netns.ts';
import type { Endpoint, PortRequest, Sandbox } from '../../net/model.ts';
import { hasFamily, portsOfFamily, widePorts } from '../../net/ports/families.ts';
import { ranked } from '../../net/routing/way-out.ts';
import { ensureAnswerer } from '../answerer.ts';
import type { AttachmentRequest, ContainerRecord } from '../container.ts';
import type { Context } from '../context.ts';
import { isAlive } from '../liveness.ts';
import { ensurePrivate } from '../paths.ts';

/** The sandbox of a container's own, whether it exists now or not. */
export function ownSandbox({ paths }: Context, record: ContainerRecord): Sandbox {
  return { id: record.id, path: paths.container(record.id).sandbox };
}

/** Makes a container's sandbox and attaches it to its networks; all of it or nothing. */
export function moor(context: Context, record: ContainerRecord): Endpoint[] {
  const sandbox = ownSandbox(context, record);
  return context.store.transaction(() => {
    ensurePrivate(context.paths.sandboxes);
    // What a crashed start may have left under this name is nobody's.
    unpinNetns(sandbox.path);
    pinNetns(sandbox.path);
    const endpoints: Endpoint[] = [];
    try {
      context.step('start:sandbox');
      const ports = dividedPorts(context, record);
      for (const attachment of namedFirst(record.network.attachments)) {
        endpoints.push(attachSandbox(context, record, attachment, ports.get(attachment)));
      }
      return endpoints;
    } catch (error) {
      castOff(context, record);
      throw error;
    }
  });
}

/** Which ports each network leads to the container: all one, but those of a family it has no subnet of. */
function dividedPorts(
  context: Context,
  { network: { attachments, ports } }: ContainerRecord,
): Map<AttachmentRequest, PortRequest[]> {
  // Where none can, the first one says why.
  const publisher = publisherOf(context, attachments) ?? attachments[0];
  if (publisher === undefined) return new Map();
  const { subnets } = context.networking.networks.get(publisher.network);
  const lacking = ([4, 6] as const).find((family) => !hasFamily(subnets, family));
  const other = lacking && publisherOf(context, attachments, lacking);
  if (lacking === undefined || other === undefined) return new Map([[publisher, ports]]);
  const theirs = portsOfFamily(ports, lacking);
  return new Map([
    [publisher, ports.filter((port) => !theirs.includes(port))],
    [other, [...theirs, ...widePorts(ports, lacking)]],
  ]);
}

/**
 * Which of its networks leads a container's published ports to it: the one that is its way out, as
 * docker does, since answers leave that way; if no port can be led there, the next.
 *
 * @param family asks for one with a subnet of this family
 */
export function publisherOf(
  { networking }: Context,
  attachments: readonly AttachmentRequest[],
  family?: Family,
): AttachmentRequest | undefined {
  const networks = new Map(
    attachments.map((one) => [one.network, networking.networks.get(one.network)]),
  );
  const inOrder = ranked(attachments, (id) => networks.get(id)?.name);
  const canPublish = ({ network: id }: AttachmentRequest) => {
    const { internal, bridge, subnets = [] } = networks.get(id) ?? {};
    if (internal !== false || bridge === undefined) return false;
    return family === undefined || hasFamily(subnets, family);
  };
  return inOrder.find(canPublish);
}

/** In their order, but those whose names are chosen first: eth0 may be the name of the second. */
function namedFirst(attachments: readonly AttachmentRequest[]): AttachmentRequest[] {
  return attachments.toSorted(
    (a, b) => Number(a.ifname === undefined) - Number(b.ifname === undefined),
  );
}

/** Attaches a container's sandbox to one more network. */
export function attachSandbox(
  context: Context,
  record: ContainerRecord,
  attachment: AttachmentRequest,
  ports: ContainerRecord['network']['ports'] = [],
): Endpoint {
  const endpoint = context.networking.attach({
    ...attachment,
    sandbox: ownSandbox(context, record),
    owner: record.name,
    hostname: record.hostname,
    dns: record.network.dns,
    labels: record.labels,
    ports,
  });
  if (endpoint.names.length > 0) ensureAnswerer(context);
  return endpoint;
}

/** Undoes `moor`, whatever of it is there. */
export function castOff(context: Context, record: ContainerRecord): void {
  if (record.network.mode.kind !== 'own') return;
  const sandbox = ownSandbox(context, record);
  try {
    const ending = !isShared(context, sandbox);
    context.networking.detach({ sandbox: sandbox.id, ending });
  } finally {
    unpinNetns(sandbox.path);
  }
}

/** Whether a sandbox lives on without its owner, for those who have joined it. */
function isShared({ paths, records }: Context, { id, path }: Sandbox): boolean {
  return records.all().some((record) => {
    const { mode } = record.network;
    const joins =
      (mode.kind === 'container' && mode.container === id) ||
      (mode.kind === 'namespace' && mode.path === path);
    return joins && isAlive(record, paths);
  });
}

/** The namespace a container's process is to join, or undefined for the caller's own. */
export function netnsOf(context: Context, record: ContainerRecord): string | undefined {
  const { mode } = record.network;
  switch (mode.kind) {
    case 'own':
      return ownSandbox(context, record).path;
    case 'host':
      return undefined;
    case 'namespace':
      return mode.path;
    case 'container': {
      const owner = context.records.get(mode.container);
      if (!owner || !isAlive(owner, context.paths)) {
        const name = owner?.name ?? mode.container.slice(0, 12);
        throw new HawserError(
          'state',
          `start ${record.name}: container ${name}, whose network it joins, is not running`,
          {
            hint: `start that first: hawser start ${name}`,
          },
        );
      }
      return ownSandbox(context, owner).path;
    }
  }
}
