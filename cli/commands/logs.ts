import type { Command } from 'commander';
import type { LogOptions } from '../../runtime/logs.ts';
import type { Door } from '../door.ts';
import { examples } from '../examples.ts';
import { parseWhole } from '../parse/number.ts';
import { parseTime } from '../parse/time.ts';

const newline = 0x0a;

interface Options {
  follow?: true;
  timestamps?: true;
  tail: string;
  since?: string;
}

export function define(command: Command): void {
  command
    .argument('<container>', 'a name, an id or its beginning')
    .option('-f, --follow', 'go on as it prints, until it ends')
    .option('-t, --timestamps', 'the time before each line')
    .option('-n, --tail <count>', 'only so many lines from the end, or all', 'all')
    .option('--since <time>', 'only what is newer: 2026-03-01T12:00:00Z, or 10m ago as 10m')
    .addHelpText(
      'after',
      examples(
        ['hawser logs -f --tail 20 web', 'the last 20 lines, and what comes'],
        ['hawser logs -t --since 10m web 2>/dev/null', 'standard output alone, with times'],
      ),
    );
}

export async function run(door: Door, [ref = '']: string[], options: Options): Promise<number> {
  const request: LogOptions = {
    ...(options.follow && { follow: true }),
    ...(options.tail !== 'all' && { tail: parseWhole('--tail', options.tail) }),
    ...(options.since !== undefined && { since: parseTime('--since', options.since) }),
  };
  const { containers } = await door.engine();
  // A line may come in parts; only its first has the time before it.
  const inside = { stdout: false, stderr: false };
  for await (const { stream, time, data } of containers.logs(ref, request)) {
    if (options.timestamps && !inside[stream]) door[stream].write(`${time} `);
    door[stream].write(data);
    inside[stream] = data.at(-1) !== newline;
  }
  return 0;
}
