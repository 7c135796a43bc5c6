import type { Command } from 'commander';
import { type Door, print } from '../../door.ts';
import { examples } from '../../examples.ts';
import { formatOption, jsonLines, parseFormat } from '../../format.ts';

export function define(command: Command): void {
  command
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(['hawser system reconcile', 'after a crash or a reboot; prints what it mended']),
    );
}

export async function run(door: Door, _args: string[], options: { format: string }) {
  const format = parseFormat(options.format);
  const repairs = (await door.engine()).system.reconcile();
  if (format === 'json') door.stdout.write(jsonLines(repairs));
  else for (const { what } of repairs) print(door, what);
  return 0;
}
