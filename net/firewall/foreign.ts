/**
 * Other programs' rules for what the host forwards. In nftables a packet must pass every table: one
 * that is accepted in ours is still dropped by a FORWARD chain whose policy is drop, as docker and
 * ufw leave it.
 */
import { readFileSync } from 'node:fs';
import { runNft } from '../../native/nftables.ts';

/** Tells the user of a policy that will swallow what containers send and receive. */
export function noteForeignPolicy(note: (sentence: string) => void): void {
  for (const where of droppingChains(runNft('list chains'))) {
    note(
      `${where} drops what it does not know, traffic of containers included; let it through with: ` +
        "iptables -I FORWARD -i 'br-+' -j ACCEPT (or hawser0), and the same with -o",
    );
  }
  if (legacyTables().includes('filter')) {
    note(
      'iptables-legacy rules are loaded; if their FORWARD policy is DROP, containers reach nothing outside',
    );
  }
}

/** Chains on the forward hook whose policy is drop, as `table inet x, chain y`; pure, for tests. */
export function droppingChains(document: unknown): string[] {
  const items = isRecord(document) && Array.isArray(document.nftables) ? document.nftables : [];
  return items.flatMap((item: unknown) => {
    const chain = isRecord(item) ? item.chain : undefined;
    if (!isRecord(chain) || chain.hook !== 'forward' || chain.policy !== 'drop') return [];
    const { family, table, name } = chain;
    if (family === 'inet' && table === 'hawser') return [];
    if (family !== 'inet' && family !== 'ip' && family !== 'ip6') return [];
    return [`chain ${name} of table ${family} ${table}`];
  });
}

/** Tables of the old iptables, which nft does not list; their policies only iptables can tell. */
function legacyTables(): string[] {
  try {
    return readFileSync('/proc/net/ip_tables_names', 'utf8').split('\n');
  } catch {
    return [];
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
