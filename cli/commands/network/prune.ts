import type { Command } from 'commander';
import { confirm } from '../../confirm.ts';
import { type Door, print } from '../../door.ts';
import { examples } from '../../examples.ts';
import { parsePruneFilters } from '../../parse/prune-filter.ts';
import { repeat } from '../../parse/repeat.ts';

interface Options {
  force?: true;
  filter: string[];
}

export function define(command: Command): void {
  command
    .option('-f, --force', 'do not ask')
    .option(
      '--filter <key=value>',
      'until=TIME, label=KEY[=VALUE] or label!=KEY[=VALUE]',
      repeat,
      [],
    )
    .addHelpText(
      'after',
      examples(
        ['hawser network prune -f', 'prints what it removed'],
        ['hawser network prune --filter until=24h --filter label!=keep', 'old ones, but for some'],
      ),
    );
}

export async function run(door: Door, _args: string[], options: Options): Promise<number> {
  const filters = parsePruneFilters(options.filter);
  if (!options.force) await confirm(door, 'remove all networks that no container uses', '-f');
  const { networks } = await door.engine();
  for (const { name } of networks.prune(filters)) print(door, name);
  return 0;
}
