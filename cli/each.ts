import { complaint } from './complaint.ts';
import { type Door, print } from './door.ts';

/**
 * Does the same to each of several things, prints a line for each that worked, and goes on past those
 * that failed; each is told, and the exit code is that of the last failure.
 */
export async function each(
  door: Door,
  refs: string[],
  work: (ref: string) => Promise<string | undefined> | string | undefined,
): Promise<number> {
  let exitCode = 0;
  for (const ref of refs) {
    try {
      const line = await work(ref);
      if (line !== undefined) print(door, line);
    } catch (error) {
      const { text, exitCode: code } = complaint(error, door.debug);
      door.stderr.write(text);
      exitCode = code;
    }
  }
  return exitCode;
}
