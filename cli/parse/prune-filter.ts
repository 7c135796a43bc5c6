import type { PruneFilters } from '../../engine/prune-filter.ts';
import { invalid } from './invalid.ts';
import { parseTime } from './time.ts';

/** Repeated `--filter` of `prune`: `until=TIME`, `label=KEY[=VALUE]`, `label!=KEY[=VALUE]`. */
export function parsePruneFilters(texts: string[]): PruneFilters {
  const filters: PruneFilters = {};
  for (const text of texts) {
    const [, key, value = ''] = /^(until|label!?)=(.+)$/s.exec(text) ?? [];
    switch (key) {
      case 'until':
        filters.until = parseTime('--filter until', value);
        break;
      case 'label':
        filters.label = [...(filters.label ?? []), value];
        break;
      case 'label!':
        filters.withoutLabel = [...(filters.withoutLabel ?? []), value];
        break;
      default:
        throw invalid(
          '--filter',
          text,
          'not one of until, label, label!, then = and a value',
          'until=24h',
        );
    }
  }
  return filters;
}
