/** What the firewall's table should hold, from the records alone. */
import { type Element, endpointElements, networkElements } from './firewall/elements.ts';
import type { Records } from './records.ts';

export function expectedElements(records: Records): Element[] {
  return [
    ...records.networks().flatMap(networkElements),
    ...records
      .endpoints()
      .flatMap((endpoint) => endpointElements(endpoint, records.network(endpoint.network))),
  ];
}
