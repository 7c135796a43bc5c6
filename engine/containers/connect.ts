import { HawserError, prefixed } from '../../errors.ts';
import type { Network, PortRequest } from '../../net/model.ts';
import { hasFamily, portsOfFamily, widePorts } from '../../net/ports/families.ts';
import type { EndpointSettings } from '../../net/request.ts';
import { settle } from '../../net/settings/endpoint-settings.ts';
import type { AttachmentRequest, ContainerRecord } from '../container.ts';
import type { Context } from '../context.ts';
import { isAlive } from '../liveness.ts';
import { plain } from '../names.ts';
import { writeEtcFiles } from './etc.ts';
import { checkAliased, refuseSameIfname, resolveNetwork } from './network-config.ts';
import { holdPortsAnew } from './ports.ts';
import { attachSandbox, publisherOf } from './sandbox.ts';

/** Attaches a container to one more network: now if it runs, and at every later start. */
export function connectContainer(
  context: Context,
  networkRef: string,
  containerRef: string,
  options: EndpointSettings,
): void {
  const attempt = `connect ${plain(containerRef)} to ${plain(networkRef)}`;
  const settings = prefixed(attempt, () => settle(options));
  change(context, networkRef, containerRef, attempt, (record, network) => {
    if (record.network.attachments.some((attachment) => attachment.network === network.id)) {
      throw new HawserError('taken', `${attempt}: it is connected already`);
    }
    refuseSameIfname(record.network.attachments, settings, attempt);
    checkAliased(context, network, settings.aliases, attempt);
    const attachment = { ...settings, network: network.id };
    if (isAlive(record, context.paths)) {
      attachSandbox(context, record, attachment, portsOn(context, record, network));
    }
    const attachments = [...record.network.attachments, attachment];
    try {
      leadPorts(context, record, attachments);
    } catch (error) {
      context.networking.detach({ sandbox: record.id, network: network.id });
      throw error;
    }
    return attachments;
  });
}

/** What a new network leads to a running container: its ports in the families that none has led so far. */
function portsOn(context: Context, record: ContainerRecord, network: Network): PortRequest[] {
  if (network.internal || network.bridge === undefined) return [];
  const { attachments, ports } = record.network;
  const missing = ([4, 6] as const).filter(
    (family) => publisherOf(context, attachments, family) === undefined,
  );
  if (missing.length === 2) return ports;
  return missing
    .filter((family) => hasFamily(network.subnets, family))
    .flatMap((family) => [...portsOfFamily(ports, family), ...widePorts(ports, family)]);
}

/** The ports of a running container follow its way out. */
function leadPorts(
  context: Context,
  record: ContainerRecord,
  attachments: readonly AttachmentRequest[],
): void {
  const publisher = publisherOf(context, attachments);
  if (publisher === undefined || !isAlive(record, context.paths)) return;
  context.networking.leadPorts({ sandbox: record.id, network: publisher.network });
}

/** Takes a container off a network. With `force`, being off it already is success. */
export function disconnectContainer(
  context: Context,
  networkRef: string,
  containerRef: string,
  { force = false }: { force?: boolean },
): void {
  const attempt = `disconnect ${plain(containerRef)} from ${plain(networkRef)}`;
  change(context, networkRef, containerRef, attempt, (record, network) => {
    const { attachments } = record.network;
    const isConnected = attachments.some((attachment) => attachment.network === network.id);
    if (!isConnected && !force) {
      throw new HawserError('not-found', `${attempt}: it is not connected to it`);
    }
    const remaining = attachments.filter((attachment) => attachment.network !== network.id);
    leadPorts(context, record, remaining);
    context.networking.detach({ sandbox: record.id, network: network.id });
    return remaining;
  });
}

/** Changes the list of attachments, the kernel and the container's hosts file in one transaction. */
function change(
  context: Context,
  networkRef: string,
  containerRef: string,
  attempt: string,
  work: (record: ContainerRecord, network: Network) => AttachmentRequest[],
): void {
  context.store.transaction(() => {
    const record = context.records.find(containerRef, attempt);
    if (record.network.mode.kind !== 'own') {
      throw new HawserError(
        'state',
        `${attempt}: it has no network of its own, it joins another's`,
      );
    }
    const network = resolveNetwork(context, networkRef, attempt);
    const attachments = work(record, network);
    const changed = { ...record, network: { ...record.network, attachments } };
    context.records.put(changed);
    if (isAlive(record, context.paths)) {
      if (record.network.ports.length > 0) holdPortsAnew(context, record);
      writeEtcFiles(context, changed, context.networking.endpoints({ sandbox: record.id }));
    }
  });
}
