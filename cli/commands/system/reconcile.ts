import { type Command, Option } from 'commander';
import type { Repair } from '../../../net/request.ts';
import { type Door, print } from '../../door.ts';
import { examples } from '../../examples.ts';
import { formatOption, jsonLines, parseFormat } from '../../format.ts';

export function define(command: Command): void {
  command
    .addOption(new Option('--dry-run', 'only tell what differs; exit with 1 if anything does'))
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(
        ['hawser system reconcile --dry-run', 'what is not as it should be, a line each'],
        ['hawser system reconcile', 'mends it: after a crash, a reboot, or a change by hand'],
      ),
    );
}

/** As diff(1): 1 if there is still a difference when it ends. */
export async function run(
  door: Door,
  _args: string[],
  { format, dryRun = false }: { format: string; dryRun?: boolean },
) {
  const asked = parseFormat(format);
  const repairs = (await door.engine()).system.reconcile({ dryRun });
  if (asked === 'json') door.stdout.write(jsonLines(repairs));
  else for (const line of told(repairs, dryRun)) print(door, line);
  const isMended = (one: Repair) => !dryRun && one.failure === undefined;
  return repairs.every(isMended) ? 0 : 1;
}

function told(repairs: Repair[], dryRun: boolean): string[] {
  if (repairs.length === 0) return ['the kernel is as the store says'];
  if (dryRun) return repairs.map(({ what }) => what);
  return repairs.map(({ what, failure }) => {
    if (failure === undefined) return `mended: ${what}`;
    return what.endsWith(failure) ? `not mended: ${what}` : `not mended: ${what}: ${failure}`;
  });
}
