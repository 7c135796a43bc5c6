/** Which macvlan and ipvlan networks cannot be on one parent together. */
import { HawserError } from '../../errors.ts';
import type { Network } from '../model.ts';
import { parseStackedOptions } from './stacked-options.ts';

/** @throws HawserError 'taken' naming the network that is in the way */
export function refuseRivals(network: Network, others: readonly Network[]): void {
  for (const other of others) {
    if (other.parent !== network.parent) continue;
    const why = conflict(network, other);
    if (why === undefined) continue;
    throw new HawserError(
      'taken',
      `interface ${network.parent} is the parent of network ${other.name}, ${why}`,
    );
  }
}

function conflict(network: Network, other: Network): string | undefined {
  if (network.driver !== other.driver) {
    return `and an interface has either macvlan or ipvlan links on it`;
  }
  if (isPassthru(other)) return 'which has it alone (passthru)';
  if (isPassthru(network)) return 'and passthru would have it alone';
  // The kernel keeps mode and flag once a parent, and changes all of its links with the next.
  if (network.driver === 'ipvlan' && ipvlanMode(network) !== ipvlanMode(other)) {
    return `whose mode is ${ipvlanMode(other)}, and there is one mode for all on a parent`;
  }
  return undefined;
}

function isPassthru({ driver, options }: Network): boolean {
  return driver === 'macvlan' && options.macvlan_mode === 'passthru';
}

function ipvlanMode({ options }: Network): string {
  const { stacking } = parseStackedOptions('ipvlan', options);
  return stacking.kind === 'ipvlan' ? `${stacking.mode} ${stacking.flag}` : '';
}
