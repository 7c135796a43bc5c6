import type { Command } from 'commander';
import { HawserError } from '../../../errors.ts';
import type { Door } from '../../door.ts';
import { examples } from '../../examples.ts';
import { parseShapingChange, type RateOptions } from '../../parse/rate.ts';

export function define(command: Command): void {
  command
    .argument('<network>', 'its name, id or beginning')
    .argument('<container>', 'a name, an id or its beginning; running or not')
    .option('--egress-rate <rate>', 'what it may send a second: 10mbit, 1gbit; none: any')
    .option('--ingress-rate <rate>', 'what it may receive a second')
    .option('--burst <size>', 'what may go at once after a pause: 32k; none: what goes in 40 ms')
    .addHelpText(
      'after',
      examples(
        ['hawser network shape blue web --egress-rate 10mbit', 'web sends no faster, from now on'],
        ['hawser network shape blue web --egress-rate none', 'as fast as it goes'],
      ),
    );
}

export async function run(door: Door, args: string[], options: RateOptions): Promise<number> {
  const [network = '', container = ''] = args;
  const change = parseShapingChange(options);
  if (Object.keys(change).length === 0) {
    throw new HawserError('invalid', 'network shape: it is not said what to change', {
      hint: '--egress-rate, --ingress-rate or --burst',
    });
  }
  (await door.engine()).networks.shape(network, container, change);
  return 0;
}
