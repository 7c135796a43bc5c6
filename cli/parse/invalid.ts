import { HawserError } from '../../errors.ts';

/**
 * What every parser throws: the option, the text it was given, and what is wrong with it. A field of
 * an option is called `--network blue:mac=zz: mac`, and shown as it is typed, `mac=02:…`.
 */
export function invalid(option: string, text: string, why: string, example?: string): HawserError {
  const field = /: ([a-z0-9-]+)$/.exec(option)?.[1];
  const typed = field === undefined ? `${option} ${example}` : `${field}=${example}`;
  const hint = example === undefined ? {} : { hint: `for example ${typed}` };
  return new HawserError('invalid', `${option} ${JSON.stringify(text)}: ${why}`, hint);
}
