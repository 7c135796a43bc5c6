/**
 * The chain that docker keeps for its users' rules, in its tables `filter`. Where docker drops what it
 * does not know, what our networks forward is let through there: behind the rules that are there, which
 * go first, and for our bridges alone, each by its name.
 */
import { NftError, runNft } from '../../native/nftables.ts';
import { asArray, field } from './listing.ts';

const CHAIN = 'DOCKER-USER';
const COMMENT = 'hawser';
export type Family = 'ip' | 'ip6';

/** In which families there is such a chain, by the answer to `list chains`. */
export function dockerFamilies(chains: unknown): Family[] {
  return (['ip', 'ip6'] as const).filter((family) =>
    asArray(field(chains, 'nftables')).some((item) => {
      const chain = field(item, 'chain');
      return field(chain, 'name') === CHAIN && field(chain, 'family') === family;
    }),
  );
}

export interface Admission {
  /** What is missing or too much, a line each. */
  what: string[];
  /** Makes it so, in one transaction. */
  carryOut: () => void;
}

/** Compares the chain with what our bridges need: two rules each. */
export function admission(family: Family, bridges: readonly string[]): Admission {
  const rules = asArray(field(listed(family), 'nftables')).flatMap((item) => {
    const rule = field(item, 'rule');
    return rule === undefined ? [] : [rule];
  });
  const ours = rules.filter((rule) => field(rule, 'comment') === COMMENT);
  const present = new Map(ours.map((rule) => [matchOf(rule), Number(field(rule, 'handle'))]));
  const wanted = bridges.flatMap((bridge) => [`iifname "${bridge}"`, `oifname "${bridge}"`]);
  const missing = wanted.filter((match) => !present.has(match));
  const stray = [...present].filter(([match]) => !wanted.includes(match));
  // Docker ends the chain with a rule that returns, behind which nothing is ever asked.
  const end = rules.at(-1);
  const place = isReturn(end) ? `position ${field(end, 'handle')} ` : '';
  const at = `rule ${family} filter ${CHAIN} ${place}`;
  const commands = [
    ...missing.map(
      (match) =>
        `${place === '' ? 'add' : 'insert'} ${at}${match} counter accept comment "${COMMENT}"`,
    ),
    ...stray.map(([, handle]) => `delete rule ${family} filter ${CHAIN} handle ${handle}`),
  ];
  const where = `chain ${CHAIN} of table ${family} filter`;
  return {
    what: [
      ...missing.map((match) => `${where} does not let through ${plainText(match)}`),
      ...stray.map(([match]) => `${where} lets through ${plainText(match)}, which no network has`),
    ],
    carryOut() {
      if (commands.length > 0) runNft(commands.join('\n'));
    },
  };
}

/** The chain may have gone since the chains were listed. */
function listed(family: Family): unknown {
  try {
    return runNft(`list chain ${family} filter ${CHAIN}`);
  } catch (error) {
    if (error instanceof NftError) return undefined;
    throw error;
  }
}

/** The interface that a rule is for, as it was written. */
function matchOf(rule: unknown): string {
  const match = field(asArray(field(rule, 'expr'))[0], 'match');
  const key = field(field(field(match, 'left'), 'meta'), 'key');
  return `${key} "${field(match, 'right')}"`;
}

function isReturn(rule: unknown): boolean {
  const parts = asArray(field(rule, 'expr'));
  return (
    field(parts.at(-1), 'return') !== undefined &&
    parts.every((part) => field(part, 'match') === undefined)
  );
}

function plainText(match: string): string {
  return match
    .replace(/^iifname/, 'what comes from')
    .replace(/^oifname/, 'what goes to')
    .replaceAll('"', '');
}
