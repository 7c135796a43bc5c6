import { createInterface } from 'node:readline/promises';
import { HawserError } from '../errors.ts';
import type { Door } from './door.ts';

/** Asks on a terminal; anything but yes, and a standard input that is none, is refused. */
export async function confirm(door: Door, what: string, option: string): Promise<void> {
  if (!door.stdin.isTTY) {
    throw new HawserError(
      'invalid',
      `${what}: nobody can be asked, since standard input is no terminal`,
      {
        hint: `${option} does it without asking`,
      },
    );
  }
  const lines = createInterface({ input: door.stdin, output: door.stderr });
  const answer = await Promise.race([
    lines.question(`${what}. Are you sure? [y/N] `),
    new Promise<string>((resolve) => lines.once('close', () => resolve(''))), // ctrl-d
  ]);
  lines.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new HawserError('invalid', `${what}: not confirmed`);
}
