import type { Command } from 'commander';
import { HawserError } from '../../../../errors.ts';
import type { Door } from '../../../door.ts';
import { examples } from '../../../examples.ts';
import { parseWhole } from '../../../parse/number.ts';

export function define(command: Command): void {
  command
    .argument('<network>', 'its name, id or beginning')
    .argument('[rule...]', 'numbers, as network policy ls shows them')
    .option('--all', 'all rules; the default stays')
    .addHelpText(
      'after',
      examples(
        ['hawser network policy rm blue 2', 'one rule'],
        ['hawser network policy rm blue --all', 'all of them, in one transaction'],
      ),
    );
}

export async function run(
  door: Door,
  [network = '', ...numbers]: string[],
  { all = false }: { all?: boolean },
): Promise<number> {
  if (all === numbers.length > 0) {
    throw new HawserError('invalid', 'network policy rm takes the numbers of rules, or --all');
  }
  const ids = numbers.map((text) => parseWhole('rule', text, 1));
  (await door.engine()).networks.policy.remove(network, all ? undefined : ids);
  return 0;
}
