import type { NetworkFilters } from '../../engine/network-filter.ts';
import { invalid } from './invalid.ts';
import { keyed } from './keyed.ts';

const keys = ['id', 'name', 'driver', 'label', 'type'] as const;
const types = ['builtin', 'custom'];

/** Repeated `--filter KEY=VALUE` of `network ls`. */
export function parseNetworkFilters(texts: string[]): NetworkFilters {
  const filters: NetworkFilters = {};
  for (const text of texts) {
    const [key, value] = keyed(text, keys, 'driver=macvlan');
    if (key === 'type' && !types.includes(value)) {
      throw invalid('--filter', text, `no type is called ${value} (${types.join(', ')})`);
    }
    filters[key] = [...(filters[key] ?? []), value];
  }
  return filters;
}
