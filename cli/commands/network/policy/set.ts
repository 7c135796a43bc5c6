import type { Command } from 'commander';
import { HawserError } from '../../../../errors.ts';
import type { Door } from '../../../door.ts';
import { examples } from '../../../examples.ts';

export function define(command: Command): void {
  command
    .argument('<network>', 'its name, id or beginning')
    .requiredOption('--default <verdict>', 'allow or deny')
    .addHelpText(
      'after',
      examples(['hawser network policy set blue --default deny', 'what no rule allows is cut']),
    );
}

export async function run(door: Door, [network = '']: string[], options: { default: string }) {
  const verdict = options.default;
  if (verdict !== 'allow' && verdict !== 'deny') {
    throw new HawserError('invalid', `--default is allow or deny, not ${JSON.stringify(verdict)}`);
  }
  (await door.engine()).networks.policy.setDefault(network, verdict);
  return 0;
}
