import type { CommanderError } from 'commander';
import { HawserError } from '../errors.ts';
import { refusal } from './refused.ts';

const globalOptions = ['--root', '--run', '--debug'];

/** What commander says of a malformed command line, as one of our sentences. */
export function usageError(error: CommanderError, path: string[]): HawserError {
  const command = path.join(' ');
  const [, text = error.message] = /^error: (.*)/s.exec(error.message) ?? [];
  const [sentence = text, suggestion] = text.split(/\n\(|\)$/);
  const [, flag = ''] = /^unknown option '([^'=]*)/.exec(sentence) ?? [];
  const refused = flag === '' ? undefined : refusal(path[0], flag);
  if (refused !== undefined)
    return new HawserError('unsupported', `${command} ${flag}: ${refused}`);
  const hint = globalOptions.includes(flag)
    ? `it goes before the command: hawser ${flag} ${command}`
    : suggestion
      ? lower(suggestion)
      : `see: hawser ${command === '' ? '' : `${command} `}--help`;
  return new HawserError('invalid', command === '' ? sentence : `${command}: ${sentence}`, {
    hint,
  });
}

function lower(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}
