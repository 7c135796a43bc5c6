import type { Command } from 'commander';
import { confirm } from '../../confirm.ts';
import { type Door, print } from '../../door.ts';
import { examples } from '../../examples.ts';

export function define(command: Command): void {
  command
    .option('-f, --force', 'do not ask')
    .addHelpText('after', examples(['hawser network prune -f', 'prints what it removed']));
}

export async function run(door: Door, _args: string[], options: { force?: true }): Promise<number> {
  if (!options.force) await confirm(door, 'remove all networks that no container uses', '-f');
  const { networks } = await door.engine();
  for (const { name } of networks.prune()) print(door, name);
  return 0;
}
