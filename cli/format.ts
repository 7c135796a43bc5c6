import { Option } from 'commander';
import { HawserError } from '../errors.ts';

export type Format = 'table' | 'json';

/** `--format` of the commands that list. */
export function formatOption(): Option {
  return new Option(
    '--format <format>',
    'table, or json: one object a line, as the library gives it',
  ).default('table');
}

/** `table` or `json`; a Go template is refused with what to do instead. */
export function parseFormat(text: string): Format {
  if (text === 'table' || text === 'json') return text;
  // Docker's oldest way to ask for JSON.
  if (/^\{\{\s*json \.\s*\}\}$/.test(text)) return 'json';
  throw new HawserError(
    'unsupported',
    `--format ${JSON.stringify(text)}: hawser has no Go templates`,
    {
      hint: 'use --format json, and jq to choose from it',
    },
  );
}

/** One object a line: a program can read the first before the last is written. */
export function jsonLines(values: unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}

/** What `inspect` prints: an array, indented for people too. */
export function jsonArray(values: unknown[]): string {
  return `${JSON.stringify(values, null, 4)}\n`;
}
