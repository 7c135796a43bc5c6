import type { Command } from 'commander';
import type { Door } from '../../door.ts';
import { examples } from '../../examples.ts';

export function define(command: Command): void {
  command.addHelpText(
    'after',
    examples(['nft flush ruleset && hawser system reload', 'established connections go on']),
  );
}

export async function run(door: Door): Promise<number> {
  (await door.engine()).system.reload();
  return 0;
}
