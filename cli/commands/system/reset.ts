import type { Command } from 'commander';
import { confirm } from '../../confirm.ts';
import type { Door } from '../../door.ts';
import { examples } from '../../examples.ts';

export function define(command: Command): void {
  command
    .option('-f, --force', 'do not ask')
    .addHelpText('after', examples(['hawser system reset -f', 'as if hawser had never run here']));
}

export async function run(door: Door, _args: string[], options: { force?: true }): Promise<number> {
  const what = 'end all containers and remove them, all networks and all images';
  if (!options.force) await confirm(door, what, '-f');
  await (await door.engine()).system.reset();
  return 0;
}
