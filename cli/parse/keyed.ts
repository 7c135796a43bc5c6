import { invalid } from './invalid.ts';

/** `KEY=VALUE` of a `--filter`, whose keys are known. */
export function keyed<Key extends string>(
  text: string,
  keys: readonly Key[],
  example: string,
): [key: Key, value: string] {
  const at = Math.max(text.indexOf('='), 0);
  const key = keys.find((known) => known === text.slice(0, at));
  if (key !== undefined) return [key, text.slice(at + 1)];
  throw invalid('--filter', text, `not one of ${keys.join(', ')}, then = and a value`, example);
}
