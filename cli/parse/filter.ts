import type { Filters } from '../../engine/engine.ts';
import { invalid } from './invalid.ts';
import { keyed } from './keyed.ts';

const keys = ['id', 'name', 'status', 'label', 'network', 'ancestor', 'exited'] as const;
const statuses = ['created', 'running', 'exited'];

/** Repeated `--filter KEY=VALUE`: values of one key are alternatives, different keys must all hold. */
export function parseFilters(texts: string[]): Filters {
  const filters: Filters = {};
  for (const text of texts) {
    const [key, value] = keyed(text, keys, 'name=web1');
    if (key === 'status' && !statuses.includes(value)) {
      throw invalid('--filter', text, `no status is called ${value} (${statuses.join(', ')})`);
    }
    if (key === 'exited' && !/^\d+$/.test(value))
      throw invalid('--filter', text, 'not an exit code');
    filters[key] = [...(filters[key] ?? []), value];
  }
  return filters;
}
