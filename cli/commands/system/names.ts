import type { Command } from 'commander';
import type { Door } from '../../door.ts';
import { examples } from '../../examples.ts';

export function define(command: Command): void {
  command.addHelpText(
    'after',
    examples(['hawser system names', 'is started with the sockets it answers on']),
  );
}

export async function run(door: Door): Promise<number> {
  await (await door.engine()).system.answerNames();
  return 0;
}
