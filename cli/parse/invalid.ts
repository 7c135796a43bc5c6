import { HawserError } from '../../errors.ts';

/** What every parser throws: the option, the text it was given, and what is wrong with it. */
export function invalid(option: string, text: string, why: string, example?: string): HawserError {
  const hint = example === undefined ? {} : { hint: `for example ${option} ${example}` };
  return new HawserError('invalid', `${option} ${JSON.stringify(text)}: ${why}`, hint);
}
