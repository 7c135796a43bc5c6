import type { Command } from 'commander';
import type { Door } from '../../door.ts';
import { each } from '../../each.ts';
import { examples } from '../../examples.ts';

export function define(command: Command): void {
  command
    .argument('<network...>', 'names, ids or their beginnings')
    .addHelpText('after', examples(['hawser network rm blue green', 'refused while in use']));
}

export async function run(door: Door, refs: string[]): Promise<number> {
  const { networks } = await door.engine();
  return each(door, refs, (ref) => {
    networks.remove(ref);
    return ref;
  });
}
