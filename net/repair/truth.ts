/** What the firewall's tables should hold, from the records alone. */
import { type Element, endpointElements, networkElements } from '../firewall/elements.ts';
import { policyElements } from '../policy/elements.ts';
import type { Records } from '../records.ts';

/** @param without an endpoint that is about to go, by its key */
export function expectedElements(records: Records, without?: string): Element[] {
  return records.networks().flatMap((network) => {
    const endpoints = records
      .endpoints({ network: network.id })
      .filter(({ key }) => key !== without);
    return [
      ...networkElements(network),
      ...endpoints.flatMap((endpoint) => endpointElements(endpoint, network)),
      ...policyElements(network, endpoints),
    ];
  });
}
