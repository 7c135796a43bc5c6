import type { Command } from 'commander';
import type { Door } from '../../door.ts';
import { examples } from '../../examples.ts';

export function define(command: Command): void {
  command
    .argument('<id>', "the container's whole id")
    .addHelpText(
      'after',
      examples(['hawser system settle 3f2a...', 'does nothing if it still runs']),
    );
}

export async function run(door: Door, [id = '']: string[]): Promise<number> {
  (await door.engine()).containers.settle(id);
  return 0;
}
