import type { Command } from 'commander';
import type { Door } from '../door.ts';
import { each } from '../each.ts';
import { examples } from '../examples.ts';
import { parseWhole } from '../parse/number.ts';

interface Options {
  time?: string;
  signal?: string;
}

export function define(command: Command): void {
  command
    .argument('<container...>', 'names, ids or their beginnings')
    .option('-t, --time <seconds>', 'how long it may take before it is killed (default: 10)')
    .option('-s, --signal <signal>', "what to send first (default: the container's stop signal)")
    .addHelpText(
      'after',
      examples(['hawser stop -t 2 web db', 'two seconds for each, then SIGKILL']),
    );
}

export async function run(door: Door, refs: string[], options: Options): Promise<number> {
  const how = {
    ...(options.time !== undefined && { timeout: parseWhole('--time', options.time) }),
    ...(options.signal !== undefined && { signal: options.signal }),
  };
  const { containers } = await door.engine();
  return each(door, refs, async (ref) => {
    await containers.stop(ref, how);
    return ref;
  });
}
