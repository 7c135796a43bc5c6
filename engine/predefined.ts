/** The networks that are there though nobody made them, as docker lists them: bridge, host and none. */
import { createHash } from 'node:crypto';
import { HawserError } from '../errors.ts';
import { DEFAULT_BRIDGE, DEFAULT_NETWORK } from '../net/default-network.ts';
import type { DriverName, Network } from '../net/model.ts';
import type { ContainerRecord } from './container.ts';

/** A network as it is listed: `host` and `none` are modes, shown as networks of drivers of their own. */
export type ListedNetwork = Omit<Network, 'driver'> & { driver: DriverName | 'host' | 'null' };

/** The id that a predefined network has in a state directory, whether it was made yet or not. */
export function predefinedId(root: string, name: string): string {
  return createHash('sha256').update(`hawser network ${name} of ${root}`).digest('hex');
}

/** All three; `bridge` as it is before its first use, when it has neither subnet nor bridge. */
export function predefinedNetworks(root: string): ListedNetwork[] {
  const network = (name: string, driver: ListedNetwork['driver']): ListedNetwork => ({
    id: predefinedId(root, name),
    name,
    driver,
    created: new Date(0).toISOString(),
    internal: false,
    subnets: [],
    options: {},
    labels: {},
  });
  return [
    { ...network(DEFAULT_NETWORK, 'bridge'), bridge: DEFAULT_BRIDGE },
    network('host', 'host'),
    network('none', 'null'),
  ];
}

/** One of them by name, id or the beginning of an id. */
export function findPredefined(root: string, ref: string): ListedNetwork | undefined {
  const isId = /^[0-9a-f]{1,64}$/.test(ref);
  return predefinedNetworks(root).find(
    ({ name, id }) => name === ref || (isId && id.startsWith(ref)),
  );
}

/** @throws HawserError 'invalid' if it is one of them, which stay */
export function refusePredefined(root: string, ref: string, attempt: string): void {
  const found = findPredefined(root, ref);
  if (found === undefined) return;
  throw new HawserError('invalid', `${attempt}: network ${found.name} is predefined, and stays`);
}

/** Whether a container's configuration puts it on a network. */
export function isOn(
  { network: { mode, attachments } }: Pick<ContainerRecord, 'network'>,
  on: ListedNetwork,
): boolean {
  if (on.driver === 'host') return mode.kind === 'host';
  if (on.driver === 'null') return mode.kind === 'own' && attachments.length === 0;
  return attachments.some(({ network }) => network === on.id);
}
