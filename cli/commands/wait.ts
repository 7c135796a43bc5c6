import type { Command } from 'commander';
import type { Door } from '../door.ts';
import { each } from '../each.ts';
import { examples } from '../examples.ts';

export function define(command: Command): void {
  command
    .argument('<container...>', 'names, ids or their beginnings')
    .addHelpText('after', examples(['hawser wait job', 'prints the exit code when job has ended']));
}

export async function run(door: Door, refs: string[]): Promise<number> {
  const { containers } = await door.engine();
  return each(door, refs, async (ref) => String((await containers.wait(ref)).code));
}
