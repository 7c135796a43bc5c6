import type { Command } from 'commander';
import type { Door } from '../../door.ts';
import { examples } from '../../examples.ts';
import { formatJsonOption, inspectAll } from '../../inspect.ts';

export function define(command: Command): void {
  command
    .argument('<network...>', 'names, ids or their beginnings')
    .addOption(formatJsonOption())
    .addHelpText(
      'after',
      examples(
        ['hawser network inspect blue', 'subnets, options, and each endpoint'],
        ["hawser network inspect blue | jq '.[].endpoints[].addresses'", 'who has which address'],
      ),
    );
}

export async function run(door: Door, refs: string[], options: { format: string }) {
  return inspectAll(door, refs, options, ({ networks }, ref) => networks.inspect(ref));
}
