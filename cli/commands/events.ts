import { type Command, Option } from 'commander';
import type { Event, EventOptions } from '../../engine/event.ts';
import { type Door, print } from '../door.ts';
import { examples } from '../examples.ts';
import { jsonLines, parseFormat } from '../format.ts';
import { parseEventFilters } from '../parse/event-filter.ts';
import { repeat } from '../parse/repeat.ts';
import { parseTime } from '../parse/time.ts';

interface Options {
  since?: string;
  until?: string;
  filter: string[];
  format?: string;
}

export function define(command: Command): void {
  command
    .option('--since <time>', 'from then on: 2026-03-01T12:00:00Z, or 10m ago as 10m')
    .option('--until <time>', 'up to then; what is past is shown, and no more')
    .option(
      '-f, --filter <key=value>',
      'by type, event, container, network, image or label',
      repeat,
      [],
    )
    .addOption(new Option('--format <format>', 'json: one object a line, as the library gives it'))
    .addHelpText(
      'after',
      examples(
        ['hawser events', 'what happens from now on'],
        ['hawser events --since 1h --until 0s', 'what happened in the last hour'],
        ['hawser events -f event=die -f event=oom --format json', 'every end, for programs'],
        ['hawser events -f type=network -f container=web', 'where web is attached, as it changes'],
      ),
    );
}

export async function run(door: Door, _args: string[], options: Options): Promise<number> {
  const asJson = options.format !== undefined && parseFormat(options.format) === 'json';
  const request: EventOptions = {
    filters: parseEventFilters(options.filter),
    ...(options.since !== undefined && { since: parseTime('--since', options.since) }),
    ...(options.until !== undefined && { until: parseTime('--until', options.until) }),
  };
  const engine = await door.engine();
  for await (const event of engine.events(request)) {
    if (asJson) door.stdout.write(jsonLines([event]));
    else print(door, line(event));
  }
  return 0;
}

/** As docker's: `2026-03-01T12:00:00.000Z container start 4c0b…f2 (image=busybox, name=web)`. */
function line({ time, type, action, id, name, attributes }: Event): string {
  const { command, ...others } = attributes;
  const what = command === undefined ? action : `${action}: ${command}`;
  const shown = Object.entries({ ...others, name })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`);
  return `${time} ${type} ${what} ${id} (${shown.join(', ')})`;
}
