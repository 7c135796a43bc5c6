/**
 * hawser's own tables. Both are called `hawser`: the one of the inet family has to do with what the
 * host sends, receives and forwards, the one of the bridge family with what enters by a bridge's port.
 */
import { GUARD } from './guard.ts';
import { POLICY } from './policy-chains.ts';
import { SKELETON, USER } from './skeleton.ts';

export type Family = 'inet' | 'bridge';

export interface Table {
  family: Family;
  /** Chains, rules and empty sets, in nft's language. */
  skeleton: string;
  /** Each chain's rules by their comments, in order. */
  chains: Map<string, string[]>;
  sets: Map<string, 'set' | 'map'>;
}

/** No two sets have the same name, in whichever table, so that a set's name says where it is. */
export const TABLES: readonly Table[] = [
  outline('inet', `${USER}${POLICY}${SKELETON}`),
  outline('bridge', GUARD),
];

/** Which table a set is in. */
export function familyOf(set: string): Family {
  const table = TABLES.find(({ sets }) => sets.has(set));
  if (table === undefined) throw new TypeError(`no table has a set ${set}`);
  return table.family;
}

/** Reads the outline off the text, so that what is checked cannot drift from what is written. */
function outline(family: Family, skeleton: string): Table {
  const chains = new Map<string, string[]>();
  const sets = new Map<string, 'set' | 'map'>();
  let rules: string[] = [];
  for (const line of skeleton.split('\n')) {
    const [, kind, name] = /^\s+(chain|set|map) (\w+) \{/.exec(line) ?? [];
    if (name !== undefined && kind === 'chain') {
      rules = [];
      chains.set(name, rules);
    }
    if (name !== undefined && (kind === 'set' || kind === 'map')) sets.set(name, kind);
    const [, comment] = / comment "(.*)"$/.exec(line) ?? [];
    if (comment !== undefined) rules.push(comment);
  }
  return { family, skeleton, chains, sets };
}
