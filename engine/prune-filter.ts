import type { Network } from '../net/model.ts';

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
    label.every((wanted) => has(labels, wanted)) &&
    !withoutLabel.some((unwanted) => has(labels, unwanted))
  );
}

function has(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const at = wanted.indexOf('=');
  return at < 0 ? wanted in labels : labels[wanted.slice(0, at)] === wanted.slice(at + 1);
}
