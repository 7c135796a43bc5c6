import type { Network } from '../net/model.ts';
import { hasLabel } from './label.ts';

/** Which of the unused networks go; all of it must hold. */
export interface PruneFilters {
  /** Made before this moment. */
  until?: Date;
  /** `key` or `key=value`: with all of these. */
  label?: string[];
  /** With none of these. */
  withoutLabel?: string[];
}

export function mayGo(
  { created, labels }: Pick<Network, 'created' | 'labels'>,
  { until, label = [], withoutLabel = [] }: PruneFilters,
): boolean {
  return (
    (until === undefined || Date.parse(created) < until.getTime()) &&
    label.every((wanted) => hasLabel(labels, wanted)) &&
    !withoutLabel.some((unwanted) => hasLabel(labels, unwanted))
  );
}
