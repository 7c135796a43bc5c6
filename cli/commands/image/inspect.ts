import type { Command } from 'commander';
import type { Door } from '../../door.ts';
import { examples } from '../../examples.ts';
import { formatJsonOption, inspectAll } from '../../inspect.ts';

export function define(command: Command): void {
  command
    .argument('<image...>', 'NAME[:TAG], ids or their beginnings')
    .addOption(formatJsonOption())
    .addHelpText(
      'after',
      examples(['hawser image inspect busybox', 'its layers and configuration']),
    );
}

export async function run(door: Door, refs: string[], options: { format: string }) {
  return inspectAll(door, refs, options, ({ images }, ref) => images.inspect(ref));
}
