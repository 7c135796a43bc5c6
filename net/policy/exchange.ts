/** How what a policy puts into the firewall changes: with the policy, and with who is there. */
import { type Element, entryText } from '../firewall/elements.ts';
import type { Endpoint, Network } from '../model.ts';
import type { Records } from '../records.ts';
import { policyElements } from './elements.ts';

export interface Exchange {
  gone: Element[];
  added: Element[];
}

export function exchange(before: readonly Element[], after: readonly Element[]): Exchange {
  const text = (element: Element) => `${element.set} ${entryText(element)}`;
  const had = new Set(before.map(text));
  const has = new Set(after.map(text));
  return {
    gone: before.filter((element) => !has.has(text(element))),
    added: after.filter((element) => !had.has(text(element))),
  };
}

/** What an endpoint's coming changes; its going is the same the other way round. */
export function arrival(network: Network, records: Records, endpoint: Endpoint): Exchange {
  if (network.policy === undefined) return { gone: [], added: [] };
  const others = records
    .endpoints({ network: network.id })
    .filter(({ key }) => key !== endpoint.key);
  return exchange(policyElements(network, others), policyElements(network, [...others, endpoint]));
}
