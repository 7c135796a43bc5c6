import type { EventFilters } from '../../engine/event.ts';
import { invalid } from './invalid.ts';

const keys = ['type', 'event', 'container', 'network', 'image', 'label'] as const;
const types = ['container', 'network'];

/** Repeated `--filter KEY=VALUE` of `events`. */
export function parseEventFilters(texts: string[]): EventFilters {
  const filters: EventFilters = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    const key = keys.find((known) => known === text.slice(0, Math.max(at, 0)));
    if (key === undefined) {
      throw invalid(
        '--filter',
        text,
        `not one of ${keys.join(', ')}, then = and a value`,
        'event=die',
      );
    }
    const value = text.slice(at + 1);
    if (key === 'type' && !types.includes(value)) {
      throw invalid('--filter', text, `no type is called ${value} (${types.join(', ')})`);
    }
    filters[key] = [...(filters[key] ?? []), value];
  }
  return filters;
}
