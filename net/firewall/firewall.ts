/** hawser's own nftables tables in the kernel: elements in and out, and the whole of it anew. */
import { HawserError } from '../../errors.ts';
import { type Nft, NftError, openNft } from '../../native/nftables.ts';
import { openSetElements } from '../../native/set-elements.ts';
import { failedWith, SysError } from '../../native/sys-error.ts';
import { changeDirectly } from './direct.ts';
import { commands, type Element, entryText } from './elements.ts';
import { identity } from './encoding.ts';
import { type Listing, parseListing } from './listing.ts';
import { USER_CHAIN } from './skeleton.ts';
import { TABLES, type Table } from './tables.ts';

export interface Firewall {
  /**
   * Adds elements in one transaction; those that are there already are no failure. A table that is
   * missing, or at odds with what is added, is rebuilt from `truth`, which holds the new ones too.
   *
   * @throws HawserError 'unsupported' if this kernel has no nf_tables
   */
  add(elements: readonly Element[], truth: () => Element[]): void;
  /** Removes some and adds others in one transaction, else as `add`. */
  replace(gone: readonly Element[], added: readonly Element[], truth: () => Element[]): void;
  /** Removes elements; what is already gone is success. */
  remove(elements: readonly Element[]): void;
  /** The tables anew with exactly these elements, in one transaction; the user's chain is kept. */
  rebuild(elements: readonly Element[]): void;
  /** Removes the tables, the user's chain with them. */
  destroy(): void;
  /** How the kernel's tables differ from ones with exactly these elements, a line each. */
  differences(elements: readonly Element[]): string[];
  /** Lets go of what is kept open between transactions; the next one opens it again. */
  close(): void;
}

export function openFirewall(): Firewall {
  const nft = openNft();
  const sets = openSetElements('hawser');
  return {
    add(elements, truth) {
      if (!changeDirectly(sets, 'add', elements)) replace(nft, [], elements, truth);
    },
    replace(gone, added, truth) {
      if (gone.length > 0 || !changeDirectly(sets, 'add', added)) replace(nft, gone, added, truth);
    },
    remove(elements) {
      if (!changeDirectly(sets, 'delete', elements)) remove(nft, elements);
    },
    rebuild: (elements) => rebuild(nft, elements),
    destroy: () => destroy(nft),
    differences: (elements) => differences(nft, elements),
    close() {
      nft.close();
      sets.close();
    },
  };
}

function replace(
  nft: Nft,
  gone: readonly Element[],
  added: readonly Element[],
  truth: () => Element[],
): void {
  try {
    run(nft, `${commands('delete', gone)}${commands('add', added)}`);
  } catch (error) {
    if (!isMissing(error) && !exists(error)) throw explained(error);
    rebuild(nft, truth());
  }
}

function remove(nft: Nft, elements: readonly Element[]): void {
  try {
    run(nft, commands('delete', elements));
  } catch (error) {
    if (!isMissing(error) && !isUnsupported(error)) throw explained(error);
    if (elements.length === 1) return;
    // One that is missing fails the whole transaction: halve, and keep what was not missing.
    const middle = elements.length >> 1;
    remove(nft, elements.slice(0, middle));
    remove(nft, elements.slice(middle));
  }
}

function rebuild(nft: Nft, elements: readonly Element[]): void {
  try {
    run(nft, [...TABLES.map((table) => renewal(nft, table)), commands('add', elements)].join(''));
  } catch (error) {
    throw explained(error);
  }
}

function destroy(nft: Nft): void {
  for (const { family } of TABLES) {
    try {
      run(nft, `delete table ${family} hawser`);
    } catch (error) {
      if (!isMissing(error) && !isUnsupported(error)) throw explained(error);
    }
  }
}

function differences(nft: Nft, elements: readonly Element[]): string[] {
  return TABLES.flatMap((table) => {
    const own = elements.filter(({ set }) => table.sets.has(set));
    return tableDifferences(list(nft, table), table, own).map(
      (what) => `the table ${table.family} hawser: ${what}`,
    );
  });
}

function tableDifferences(
  present: Listing | undefined,
  table: Table,
  elements: readonly Element[],
): string[] {
  if (present === undefined) return elements.length === 0 ? [] : ['the table is missing'];
  const had = new Map(present.elements.map((one) => [identity(one), one]));
  const wanted = new Map(elements.map((one) => [identity(one), one]));
  const missingFrom = (others: Map<string, Element>) => (one: [string, Element]) =>
    !others.has(one[0]);
  const told = ([, one]: [string, Element]) =>
    `${one.set} { ${entryText(one).replaceAll('"', '')} }`;
  return [
    ...[...table.sets.keys()]
      .filter((name) => !present.sets.has(name))
      .map((name) => `set ${name} is missing`),
    ...[...table.chains]
      .filter(([name, rules]) => !isIntact(rules, present.chains.get(name)))
      .map(([name]) => `chain ${name} is not as it was made`),
    ...[...wanted].filter(missingFrom(had)).map((one) => `${told(one)} is missing`),
    ...[...had].filter(missingFrom(wanted)).map((one) => `${told(one)} belongs to nothing`),
  ];
}

/** The user's chain holds what the user likes; ours hold the rules that their comments tell. */
function isIntact(rules: string[], present: string[] | undefined): boolean {
  return present !== undefined && (rules.length === 0 || rules.join('\n') === present.join('\n'));
}

/** The table in the kernel, or undefined if there is none. */
function list(nft: Nft, { family }: Table): Listing | undefined {
  try {
    return parseListing(run(nft, `list table ${family} hawser`));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw explained(error);
  }
}

/** Takes down what is ours of a present table, whichever parts of it are left, and makes it anew. */
function renewal(nft: Nft, table: Table): string {
  const { family, skeleton } = table;
  const { chains, sets } = list(nft, table) ?? { chains: new Map(), sets: new Map() };
  const ours = [...chains.keys()].filter((name) => table.chains.has(name) && name !== USER_CHAIN);
  return [
    ...ours.map((name) => `flush chain ${family} hawser ${name}`),
    ...ours.map((name) => `delete chain ${family} hawser ${name}`),
    ...[...sets]
      .filter(([name]) => table.sets.has(name))
      .map(([name, kind]) => `delete ${kind} ${family} hawser ${name}`),
    skeleton,
  ].join('\n');
}

/**
 * One transaction. nft gives up with EINTR when a signal comes, or when somebody else changes the
 * ruleset while it reads it; all that we run may be run again.
 */
function run(nft: Nft, text: string): unknown {
  for (let attempt = 1; ; attempt++) {
    try {
      return nft.run(text);
    } catch (error) {
      const interrupted = error instanceof NftError && error.code === 'EINTR';
      if (!interrupted || attempt === ATTEMPTS) throw error;
    }
  }
}

const ATTEMPTS = 20;

/** What a command names is not there: table, set or element. Of intervals nft itself says so. */
function isMissing(error: unknown): boolean {
  return error instanceof NftError && /No such file or directory|does not exist/.test(error.report);
}

/** A key that leads elsewhere already, or an interval that overlaps with another. */
function exists(error: unknown): boolean {
  return error instanceof NftError && /File exists|overlaps/.test(error.report);
}

/** EPROTONOSUPPORT: no netfilter at all; an answer of EOPNOTSUPP or EINVAL: no nf_tables in it. */
function isUnsupported(error: unknown): boolean {
  if (failedWith(error, 'EPROTONOSUPPORT', 'EAFNOSUPPORT')) return true;
  return (
    error instanceof NftError && /not supported|Unable to initialize Netlink/.test(error.report)
  );
}

function explained(cause: unknown): unknown {
  if (isUnsupported(cause)) {
    return new HawserError(
      'unsupported',
      'this kernel has no nf_tables, which bridge networks need for isolation, masquerade and ports',
      {
        cause,
        hint: 'modprobe nf_tables, or a kernel with CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET',
      },
    );
  }
  if (!(cause instanceof NftError || cause instanceof SysError)) return cause;
  return new HawserError('kernel', `change hawser's nftables: ${cause.message}`, { cause });
}
