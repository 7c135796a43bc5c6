import { HawserError, prefixed } from '../../errors.ts';
import type { ShapingChange } from '../../net/request.ts';
import { checkShaping } from '../../net/shaping/queues.ts';
import { reshaped } from '../../net/shaping/shape.ts';
import type { AttachmentRequest } from '../container.ts';
import type { Context } from '../context.ts';
import { isAlive } from '../liveness.ts';
import { plain } from '../names.ts';
import { resolveNetwork } from './network-config.ts';

/** Changes how fast a container may be on a network: now if it runs, and at every later start. */
export function shapeContainer(
  context: Context,
  networkRef: string,
  containerRef: string,
  change: ShapingChange,
): void {
  const attempt = `shape ${plain(containerRef)} on ${plain(networkRef)}`;
  context.store.transaction(() => {
    const record = context.records.find(containerRef, attempt);
    const network = resolveNetwork(context, networkRef, attempt);
    const { attachments } = record.network;
    const found = attachments.find((attachment) => attachment.network === network.id);
    if (found === undefined) {
      throw new HawserError('not-found', `${attempt}: it is not connected to it`);
    }
    const { shaping: before = {}, ...rest } = found;
    const shaping = reshaped(before, change);
    prefixed(attempt, () => checkShaping(network, shaping ?? {}));
    const changed: AttachmentRequest = shaping === undefined ? rest : { ...rest, shaping };
    context.records.put({
      ...record,
      network: {
        ...record.network,
        attachments: attachments.map((one) => (one === found ? changed : one)),
      },
    });
    if (isAlive(record, context.paths)) {
      context.networking.shape({ ...change, sandbox: record.id, network: network.id });
    }
  });
}
