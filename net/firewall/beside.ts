/** Our networks beside other programs that say what the host forwards: docker, ufw, firewalld. */
import { NftError } from '../../native/nftables.ts';
import type { NetContext } from '../context.ts';
import type { Network } from '../model.ts';
import type { Records } from '../records.ts';
import type { Difference } from '../repair/difference.ts';
import { neighbourhood } from './foreign.ts';

/** Has the others let our bridges through where they leave room for it, and lets no other through there. */
export function fitIn({ records, note }: Pick<NetContext, 'records' | 'note'>): void {
  for (const { what, carryOut } of neighbourhood(bridges(records)).admissions) {
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
  for (const sentence of neighbourhood(bridgesOf([network])).advice) note(sentence);
}

export function besideDifferences({ records, note }: NetContext): Difference[] {
  const { admissions, advice } = neighbourhood(bridges(records));
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

function bridges(records: Records): string[] {
  return bridgesOf(records.networks());
}

/** Those whose containers have something to do with the world outside. */
function bridgesOf(networks: readonly Network[]): string[] {
  return networks.flatMap(({ bridge, internal }) =>
    bridge === undefined || internal ? [] : [bridge],
  );
}
