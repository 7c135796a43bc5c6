import type { Command } from 'commander';
import type { Door } from '../door.ts';
import { each } from '../each.ts';
import { examples } from '../examples.ts';

interface Options {
  signal: string;
}

export function define(command: Command): void {
  command
    .argument('<container...>', 'names, ids or their beginnings')
    .option('-s, --signal <signal>', 'a name, with or without SIG, or a number', 'KILL')
    .addHelpText(
      'after',
      examples(['hawser kill -s HUP web', 'have web read its configuration again']),
    );
}

export async function run(door: Door, refs: string[], { signal }: Options): Promise<number> {
  const { containers } = await door.engine();
  return each(door, refs, async (ref) => {
    await containers.kill(ref, signal);
    return ref;
  });
}
