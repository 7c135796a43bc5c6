import { HawserError } from '../../errors.ts';
import type { AttachmentRequest, ContainerRecord } from '../container.ts';
import type { Context } from '../context.ts';
import { isAlive } from '../liveness.ts';
import { plain } from '../names.ts';
import { writeEtcFiles } from './etc.ts';
import { resolveNetwork } from './network-config.ts';
import { attachSandbox } from './sandbox.ts';

/** Attaches a container to one more network: now if it runs, and at every later start. */
export function connectContainer(
  context: Context,
  networkRef: string,
  containerRef: string,
  options: Omit<AttachmentRequest, 'network'>,
): void {
  const attempt = `connect ${plain(containerRef)} to ${plain(networkRef)}`;
  change(context, networkRef, containerRef, attempt, (record, network) => {
    if (record.network.attachments.some((attachment) => attachment.network === network)) {
      throw new HawserError('taken', `${attempt}: it is connected already`);
    }
    const attachment = { ...options, network };
    if (isAlive(record, context.paths)) attachSandbox(context, record, attachment);
    return [...record.network.attachments, attachment];
  });
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
    const isConnected = attachments.some((attachment) => attachment.network === network);
    if (!isConnected && !force) {
      throw new HawserError('not-found', `${attempt}: it is not connected to it`);
    }
    context.networking.detach({ sandbox: record.id, network });
    return attachments.filter((attachment) => attachment.network !== network);
  });
}

/** Changes the list of attachments, the kernel and the container's hosts file in one transaction. */
function change(
  context: Context,
  networkRef: string,
  containerRef: string,
  attempt: string,
  work: (record: ContainerRecord, network: string) => AttachmentRequest[],
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
    const attachments = work(record, network.id);
    const changed = { ...record, network: { ...record.network, attachments } };
    context.records.put(changed);
    if (isAlive(record, context.paths)) {
      writeEtcFiles(context, changed, context.networking.endpoints({ sandbox: record.id }));
    }
  });
}
