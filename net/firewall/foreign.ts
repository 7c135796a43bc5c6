/**
 * Other programs' rules for what the host forwards. In nftables a packet must pass every table: one
 * that is accepted in ours is still dropped by a FORWARD chain whose policy is drop, as docker and
 * ufw leave it, or refused by firewalld. Where a program keeps a chain for its users, we are one of
 * them; else the user is told what to do, in words to be typed.
 */
import { readFileSync } from 'node:fs';
import { runNft } from '../../native/nftables.ts';
import { type Admission, admission, dockerFamilies, type Family } from './docker-user.ts';
import { asArray, field } from './listing.ts';

/** How our bridges get along with the others: what is to be done there, and what only the user can do. */
export interface Neighbourhood {
  admissions: Admission[];
  /** Sentences that end with a command. */
  advice: string[];
}

export function neighbourhood(bridges: readonly string[]): Neighbourhood {
  const chains = runNft('list chains');
  const families = dockerFamilies(chains);
  return {
    admissions: families.map((family) => admission(family, bridges)),
    advice: bridges.length === 0 ? [] : [...advice(chains, families, bridges), ...legacyAdvice()],
  };
}

/** What is in the way, by the answer to `list chains`; pure, for tests. */
export function advice(
  chains: unknown,
  fitted: readonly Family[],
  bridges: readonly string[],
): string[] {
  const all = asArray(field(chains, 'nftables')).map((item) => field(item, 'chain'));
  const told = all.flatMap((chain) => {
    const text = (key: string) => String(field(chain, key));
    const [family, table, name] = [text('family'), text('table'), text('name')];
    if (field(chain, 'hook') !== 'forward' || (family === 'inet' && table === 'hawser')) return [];
    const where = `chain ${name} of table ${family} ${table}`;
    if (family === 'inet' && table === 'firewalld') {
      const zone = (bridge: string) => `--add-interface=${bridge}`;
      return [
        `firewalld refuses what comes from interfaces that are in no zone; let containers through with: firewall-cmd --permanent --zone=trusted ${bridges.map(zone).join(' ')} && firewall-cmd --reload`,
      ];
    }
    if (field(chain, 'policy') !== 'drop') return [];
    if (fitted.some((one) => one === family)) return [];
    return [
      `${where} drops what it does not know, traffic of containers included; let it through with: ${opening(all, { family, table, name }, bridges)}`,
    ];
  });
  return [...new Set(told)];
}

/** The commands that let our bridges through, in the program that the rules are of. */
function opening(
  chains: readonly unknown[],
  { family, table, name }: Record<'family' | 'table' | 'name', string>,
  bridges: readonly string[],
): string {
  const isUfw = chains.some((chain) => /^ufw6?-before-forward$/.test(String(field(chain, 'name'))));
  const each = (command: (direction: 'in' | 'out', bridge: string) => string) =>
    bridges.flatMap((bridge) => [command('in', bridge), command('out', bridge)]).join(' && ');
  if (isUfw) return each((direction, bridge) => `ufw route allow ${direction} on ${bridge}`);
  if (table !== 'filter' || name !== 'FORWARD') {
    return each(
      (direction, bridge) =>
        `nft insert rule ${family} ${table} ${name} ${direction === 'in' ? 'iifname' : 'oifname'} ${bridge} accept`,
    );
  }
  const program = family === 'ip6' ? 'ip6tables' : 'iptables';
  return each(
    (direction, bridge) =>
      `${program} -I FORWARD -${direction === 'in' ? 'i' : 'o'} ${bridge} -j ACCEPT`,
  );
}

/** Tables of the old iptables, which nft does not list; their policies only iptables can tell. */
function legacyAdvice(): string[] {
  try {
    const tables = readFileSync('/proc/net/ip_tables_names', 'utf8').split('\n');
    if (!tables.includes('filter')) return [];
  } catch {
    return [];
  }
  return [
    'iptables-legacy rules are loaded; if their FORWARD policy is DROP, containers reach nothing outside: see iptables-legacy -S FORWARD',
  ];
}
