import type { EventFilters } from '../../engine/event.ts';
import { invalid } from './invalid.ts';
import { keyed } from './keyed.ts';

const keys = ['type', 'event', 'container', 'network', 'image', 'label'] as const;
const types = ['container', 'network'];

/** Repeated `--filter KEY=VALUE` of `events`. */
export function parseEventFilters(texts: string[]): EventFilters {
  const filters: EventFilters = {};
  for (const text of texts) {
    const [key, value] = keyed(text, keys, 'event=die');
    if (key === 'type' && !types.includes(value)) {
      throw invalid('--filter', text, `no type is called ${value} (${types.join(', ')})`);
    }
    filters[key] = [...(filters[key] ?? []), value];
  }
  return filters;
}
