import type { Filters } from '../../engine/engine.ts';
import { invalid } from './invalid.ts';

const keys = ['id', 'name', 'status', 'label', 'network', 'ancestor', 'exited'] as const;
const statuses = ['created', 'running', 'exited'];

/** Repeated `--filter KEY=VALUE`: values of one key are alternatives, different keys must all hold. */
export function parseFilters(texts: string[]): Filters {
  const filters: Filters = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    const name = text.slice(0, Math.max(at, 0));
    const key = keys.find((known) => known === name);
    if (key === undefined) {
      throw invalid(
        '--filter',
        text,
        `not one of ${keys.join(', ')}, then = and a value`,
        'name=web1',
      );
    }
    const value = text.slice(at + 1);
    if (key === 'status' && !statuses.includes(value)) {
      throw invalid('--filter', text, `no status is called ${value} (${statuses.join(', ')})`);
    }
    if (key === 'exited' && !/^\d+$/.test(value))
      throw invalid('--filter', text, 'not an exit code');
    filters[key] = [...(filters[key] ?? []), value];
  }
  return filters;
}
