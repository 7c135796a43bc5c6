import { hasLabel } from './label.ts';
import type { ListedNetwork } from './predefined.ts';

/** Which networks are listed, in docker's words: values of one key are alternatives, all labels must be there. */
export interface NetworkFilters {
  /** Beginnings of ids. */
  id?: string[];
  /** Parts of names. */
  name?: string[];
  driver?: string[];
  /** `KEY` or `KEY=VALUE`. */
  label?: string[];
  /** `builtin` are bridge, host and none. */
  type?: string[];
}

const BUILTIN = ['bridge', 'host', 'none'];

export function isListed(network: ListedNetwork, filters: NetworkFilters): boolean {
  const { id, name, driver, label = [], type } = filters;
  const any = (values: string[] | undefined, test: (value: string) => boolean) =>
    values === undefined || values.some(test);
  const own = BUILTIN.includes(network.name) ? 'builtin' : 'custom';
  return (
    any(id, (beginning) => network.id.startsWith(beginning)) &&
    any(name, (part) => network.name.includes(part)) &&
    any(driver, (wanted) => network.driver === wanted) &&
    any(type, (wanted) => wanted === own) &&
    label.every((wanted) => hasLabel(network.labels, wanted))
  );
}
