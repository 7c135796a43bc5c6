import type { Command } from 'commander';
import type { Door } from '../door.ts';
import { each } from '../each.ts';
import { examples } from '../examples.ts';

interface Options {
  force?: true;
}

export function define(command: Command): void {
  command
    .argument('<container...>', 'names, ids or their beginnings')
    .option('-f, --force', 'kill those that run')
    .addHelpText(
      'after',
      examples(
        ['hawser rm db', 'with its writable layer and log'],
        ['hawser rm -f $(hawser ps -aq)', 'all of them, running or not'],
      ),
    );
}

export async function run(door: Door, refs: string[], { force }: Options): Promise<number> {
  const { containers } = await door.engine();
  return each(door, refs, async (ref) => {
    await containers.remove(ref, { force: force === true });
    return ref;
  });
}
