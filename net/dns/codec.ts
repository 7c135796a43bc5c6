/** The dns-packet package, loaded by the process that answers names and no other. */
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);
let loaded: typeof import('dns-packet') | undefined;

export function codec(): typeof import('dns-packet') {
  loaded ??= load('dns-packet') as typeof import('dns-packet');
  return loaded;
}
