/**
 * Other programs' rules for what the host forwards and takes in. In nftables a packet must pass every table: one
 * that is accepted in ours is still dropped by a FORWARD chain whose policy is drop, as docker and
 * ufw leave it, or refused by firewalld. Where a program keeps a chain for its users, we are one of
 * them; else the user is told what to do, in words to be typed.
 */
import { readFileSync } from 'node:fs';
import { runNft } from '../../native/nftables.ts';
import { type Admission, admission, dockerFamilies, type Family } from './docker-user.ts';
import { asArray, field } from './listing.ts';
import { NAMES_PORT } from './skeleton.ts';

/** How our bridges get along with the others: what is to be done there, and what only the user can do. */
export interface Neighbourhood {
  admissions: Admission[];
  /** Sentences that end with a command. */
  advice: string[];
}

/** Bridges by what other firewalls must let pass of theirs. */
export interface Needs {
  /** Whose containers have something to do with the world outside. */
  forward: readonly string[];
  /** Whose containers ask the host for names. */
  input: readonly string[];
}

export function neighbourhood(needs: Needs): Neighbourhood {
  const chains = runNft('list chains');
  const families = dockerFamilies(chains);
  return {
    admissions: families.map((family) => admission(family, needs.forward)),
    advice: [
      ...advice(chains, families, needs),
      ...(needs.forward.length === 0 ? [] : legacyAdvice()),
    ],
  };
}

/** What is in the way, by the answer to `list chains`; pure, for tests. */
export function advice(chains: unknown, fitted: readonly Family[], needs: Needs): string[] {
  const all = asArray(field(chains, 'nftables')).map((item) => field(item, 'chain'));
  const isUfw = all.some((chain) => /^ufw6?-before-forward$/.test(String(field(chain, 'name'))));
  const told = all.flatMap((chain) => {
    const text = (key: string) => String(field(chain, key));
    const [family, table, name, hook] = [text('family'), text('table'), text('name'), text('hook')];
    if ((hook !== 'forward' && hook !== 'input') || (family === 'inet' && table === 'hawser'))
      return [];
    const bridges = needs[hook];
    if (bridges.length === 0) return [];
    if (family === 'inet' && table === 'firewalld') {
      const zone = (bridge: string) => `--add-interface=${bridge}`;
      return [
        `firewalld refuses what comes from interfaces that are in no zone; let containers through with: firewall-cmd --permanent --zone=trusted ${bridges.map(zone).join(' ')} && firewall-cmd --reload`,
      ];
    }
    if (field(chain, 'policy') !== 'drop') return [];
    if (hook === 'forward' && fitted.some((one) => one === family)) return [];
    const commands = bridges.flatMap((bridge) =>
      hook === 'input'
        ? asking({ family, table, name, isUfw }, bridge)
        : passing({ family, table, name, isUfw }, bridge),
    );
    const what =
      hook === 'input'
        ? 'what containers ask of names included; let it in'
        : 'traffic of containers included; let it through';
    return [
      `chain ${name} of table ${family} ${table} drops what it does not know, ${what} with: ${commands.join(' && ')}`,
    ];
  });
  return [...new Set(told)];
}

/** A chain of another program's. */
interface Foreign {
  family: string;
  table: string;
  name: string;
  isUfw: boolean;
}

/** The commands that let through what comes from a bridge and what goes there, in the chain's own program. */
function passing(chain: Foreign, bridge: string): string[] {
  if (chain.isUfw) return ['in', 'out'].map((way) => `ufw route allow ${way} on ${bridge}`);
  const program = iptablesOf(chain, 'FORWARD');
  if (program !== undefined) {
    return ['i', 'o'].map((way) => `${program} -I FORWARD -${way} ${bridge} -j ACCEPT`);
  }
  return ['iifname', 'oifname'].map((way) => `${insertion(chain)} ${way} ${bridge} accept`);
}

/** Those that let in a bridge's questions for names, where the responder has them led to. */
function asking(chain: Foreign, bridge: string): string[] {
  if (chain.isUfw) return [`ufw allow in on ${bridge} to any port ${NAMES_PORT}`];
  const program = iptablesOf(chain, 'INPUT');
  if (program !== undefined) {
    return ['udp', 'tcp'].map(
      (protocol) =>
        `${program} -I INPUT -i ${bridge} -p ${protocol} --dport ${NAMES_PORT} -j ACCEPT`,
    );
  }
  return ['udp', 'tcp'].map(
    (protocol) => `${insertion(chain)} iifname ${bridge} ${protocol} dport ${NAMES_PORT} accept`,
  );
}

function iptablesOf({ family, table, name }: Foreign, chain: string): string | undefined {
  if (table !== 'filter' || name !== chain) return undefined;
  return family === 'ip6' ? 'ip6tables' : 'iptables';
}

function insertion({ family, table, name }: Foreign): string {
  return `nft insert rule ${family} ${table} ${name}`;
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
