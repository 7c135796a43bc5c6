/** Our networks beside other programs that say what the host forwards: docker, ufw, firewalld. */
import { NftError } from '../../native/nftables.ts';
import type { NetContext } from '../context.ts';
import { hasNames } from '../dns/names.ts';
import type { Network } from '../model.ts';
import type { Difference } from '../repair/difference.ts';
import { type Needs, neighbourhood } from './foreign.ts';

/** Has the others let our bridges through where they leave room for it, and lets no other through there. */
export function fitIn({ records, note }: Pick<NetContext, 'records' | 'note'>): void {
  for (const { what, carryOut } of neighbourhood(needs(records.networks())).admissions) {
    try {
      carryOut();
    } catch (error) {
      if (!(error instanceof NftError)) throw error;
      for (const one of what) note(`${one}, and it could not be changed: ${error.message}`);
    }
  }
}

/** What a new network's user has to see to themselves. */
export function advise(network: Network, note: NetContext['note']): void {
  for (const sentence of neighbourhood(needs([network])).advice) note(sentence);
}

export function besideDifferences({ records, note }: NetContext): Difference[] {
  const { admissions, advice } = neighbourhood(needs(records.networks()));
  for (const sentence of advice) note(sentence);
  return admissions.flatMap(({ what, carryOut }) =>
    what.map((one, i) => ({
      kind: 'firewall',
      what: one,
      mend: () => {
        if (i === 0) carryOut();
      },
    })),
  );
}

/** Internal networks have nothing to do with the world outside, but their containers ask for names. */
function needs(networks: readonly Network[]): Needs {
  const bridgesOf = (some: readonly Network[]) =>
    some.flatMap(({ bridge }) => (bridge === undefined ? [] : [bridge]));
  return {
    forward: bridgesOf(networks.filter(({ internal }) => !internal)),
    input: bridgesOf(networks.filter(hasNames)),
  };
}
