import type { Command } from 'commander';
import type { Door } from '../../door.ts';
import { examples } from '../../examples.ts';

export function define(command: Command): void {
  command
    .argument('<network>', 'its name, id or beginning')
    .argument('<container>', 'a name, an id or its beginning; running or not')
    .option('-f, --force', 'also from what is half gone')
    .addHelpText(
      'after',
      examples(['hawser network disconnect green web', 'the interface is gone']),
    );
}

export async function run(door: Door, args: string[], options: { force?: true }): Promise<number> {
  const [network = '', container = ''] = args;
  const { networks } = await door.engine();
  networks.disconnect(network, container, { force: options.force === true });
  return 0;
}
