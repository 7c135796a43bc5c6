import type { Command } from 'commander';
import type { Door } from '../door.ts';
import { examples } from '../examples.ts';
import {
  type ForegroundOptions,
  follow,
  foregroundOptions,
  parseForeground,
} from '../foreground.ts';
import { requireTerminal } from '../streams.ts';

interface Options extends ForegroundOptions {
  /** commander's reading of --no-stdin. */
  stdin: boolean;
}

export function define(command: Command): void {
  command
    .argument('<container>', 'a name, an id or its beginning')
    .option('--no-stdin', 'only look: feed it nothing');
  foregroundOptions(command).addHelpText(
    'after',
    examples(
      ['hawser attach shell', 'back to a shell left with ctrl-p ctrl-q'],
      ['hawser attach --no-stdin --sig-proxy=false web', 'watch, and stop watching with ctrl-c'],
    ),
  );
}

export async function run(door: Door, [ref = '']: string[], options: Options): Promise<number> {
  const foreground = parseForeground(options);
  const { containers } = await door.engine();
  const { tty, stdin } = containers.inspect(ref).process;
  const how = { ...foreground, tty, stdin: stdin && options.stdin };
  requireTerminal(door, how);
  return follow(await containers.attach(ref), door, how);
}
