import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { HawserError } from '../../errors.ts';
import { invalid } from './invalid.ts';

/** `NAME=VALUE`, cut at the first `=`; without one the value is `missing`, or it is refused. */
export function parsePair(option: string, text: string, missing?: string): [string, string] {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  if (name === '') throw invalid(option, text, 'it has no name', 'name=value');
  if (at >= 0) return [name, text.slice(at + 1)];
  if (missing === undefined) throw invalid(option, text, 'it has no value', 'name=value');
  return [name, missing];
}

/** Repeated pairs; the last of a name wins. */
export function parsePairs(option: string, texts: string[], missing?: string) {
  return Object.fromEntries(texts.map((text) => parsePair(option, text, missing)));
}

/**
 * The lines of an --env-file or --label-file that say something. As Docker reads it: a line that
 * begins with # is a comment, and nothing is unquoted.
 */
export function readPairs(option: string, path: string, cwd: string): string[] {
  let text: string;
  try {
    text = readFileSync(resolve(cwd, path), 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HawserError('invalid', `${option} ${path}: ${why}`, { cause });
  }
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, index) => ({ line: line.trimStart(), at: `${path}, line ${index + 1}` }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
    .map(({ line, at }) => {
      const [name = ''] = line.split('=', 1);
      if (/\s/.test(name)) throw invalid(option, line, `a name with a space in it (${at})`);
      if (name === '') throw invalid(option, line, `no name before the = (${at})`);
      return line;
    });
}

/**
 * `NAME=VALUE`, or `NAME` alone for what this shell's environment says; a NAME that it does not
 * have is left out, as Docker does.
 */
export function parseEnv(
  option: string,
  texts: string[],
  env: Record<string, string | undefined>,
): string[] {
  return texts.flatMap((text) => {
    const inherited = text.includes('=') ? undefined : env[text];
    if (!text.includes('=') && text !== '') {
      return inherited === undefined ? [] : [`${text}=${inherited}`];
    }
    const [name, value] = parsePair(option, text);
    return [`${name}=${value}`];
  });
}
