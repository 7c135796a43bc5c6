import { Option } from 'commander';
import type { Engine } from '../engine/engine.ts';
import { HawserError } from '../errors.ts';
import { complaint } from './complaint.ts';
import type { Door } from './door.ts';
import { jsonArray, parseFormat } from './format.ts';

export function formatJsonOption(): Option {
  return new Option('--format <format>', 'json: one array, as the library gives it').default(
    'json',
  );
}

/** Prints one array of all that were found, then tells of those that were not. */
export async function inspectAll(
  door: Door,
  refs: string[],
  { format }: { format: string },
  find: (engine: Engine, ref: string) => unknown,
): Promise<number> {
  if (parseFormat(format) === 'table') {
    throw new HawserError('invalid', '--format table: inspect prints json only');
  }
  const engine = await door.engine();
  const found: unknown[] = [];
  const failures: unknown[] = [];
  for (const ref of refs) {
    try {
      found.push(find(engine, ref));
    } catch (error) {
      failures.push(error);
    }
  }
  door.stdout.write(jsonArray(found));
  const complaints = failures.map((failure) => complaint(failure, door.debug));
  for (const { text } of complaints) door.stderr.write(text);
  return complaints.at(-1)?.exitCode ?? 0;
}
