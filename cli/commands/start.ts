import type { Command } from 'commander';
import { HawserError } from '../../errors.ts';
import type { Door } from '../door.ts';
import { each } from '../each.ts';
import { examples } from '../examples.ts';
import {
  type ForegroundOptions,
  foregroundOptions,
  parseForeground,
  runInForeground,
} from '../foreground.ts';
import { requireTerminal } from '../streams.ts';

interface Options extends ForegroundOptions {
  attach?: true;
  interactive?: true;
}

export function define(command: Command): void {
  command
    .argument('<container...>', 'names, ids or their beginnings')
    .option('-a, --attach', 'stay: show its output, and exit with its code')
    .option('-i, --interactive', 'stay, and feed it standard input too');
  foregroundOptions(command).addHelpText(
    'after',
    examples(
      ['hawser start web db', 'start two containers'],
      ['hawser start -ai shell', 'start one, and sit in it'],
    ),
  );
}

export async function run(door: Door, refs: string[], options: Options): Promise<number> {
  const how = { ...parseForeground(options), stdin: options.interactive === true };
  const engine = await door.engine();
  if (!options.attach && !options.interactive) {
    return each(door, refs, async (ref) => {
      await engine.containers.start(ref);
      return ref;
    });
  }
  const [ref = '', ...others] = refs;
  if (others.length > 0) {
    throw new HawserError('invalid', 'start -a: it can stay with one container only');
  }
  const container = engine.containers.inspect(ref);
  const { tty, stdin } = container.process;
  requireTerminal(door, { tty, stdin: stdin && how.stdin });
  return runInForeground(engine, door, container, how);
}
