/** What a change of a record means in Docker's words: pure, from what was and what is. */
import type { NetworkChange } from '../../net/change.ts';
import type { ContainerRecord } from '../container.ts';
import type { ContainerAction } from '../event.ts';
import type { News } from './log.ts';

/** One event of a container. */
export function containerNews(
  { id, name, image, labels }: ContainerRecord,
  action: ContainerAction,
  more: Record<string, string> = {},
): News {
  const attributes = { ...labels, image: image.reference, ...more };
  return { type: 'container', action, id, name, attributes };
}

/**
 * The events that lie between two states of a container's record. One that ran and is as before
 * (its command could not be executed) has died as well.
 */
export function changesOf(
  before: ContainerRecord | undefined,
  after: ContainerRecord | undefined,
): News[] {
  if (before === undefined) return after === undefined ? [] : [containerNews(after, 'create')];
  const ran = before.state.status === 'running';
  if (after === undefined) return [containerNews(before, 'destroy')];
  const runs = after.state.status === 'running';
  if (!ran && runs) return [containerNews(after, 'start')];
  return ran && !runs ? endOf(after) : [];
}

function endOf(record: ContainerRecord): News[] {
  const { exitCode, oomKilled } = record.state;
  const code = exitCode === undefined ? {} : { exitCode: `${exitCode}` };
  return [
    ...(oomKilled === true ? [containerNews(record, 'oom')] : []),
    containerNews(record, 'die', code),
  ];
}

export function networkNews(change: NetworkChange): News {
  const { action, network } = change;
  const attributes: Record<string, string> = { ...network?.labels };
  if (network !== undefined) attributes.type = network.driver;
  if (change.action === 'connect' || change.action === 'disconnect') {
    const { sandbox, owner, ifname } = change.endpoint;
    Object.assign(attributes, { container: sandbox.id, containerName: owner, interface: ifname });
  }
  const id = 'endpoint' in change ? change.endpoint.network : change.network.id;
  return { type: 'network', action, id, name: network?.name ?? '', attributes };
}
