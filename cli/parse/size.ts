import { invalid } from './invalid.ts';

const units = ['', 'k', 'm', 'g', 't', 'p'];

/** `512m`, `1.5g`, `4096`, `2GiB` in bytes; units are powers of 1024 as Docker's. */
export function parseSize(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text);
  if (match === null) throw invalid(option, text, 'not a size in b, k, m or g', '512m');
  const [, number = '', unit = ''] = match;
  const bytes = Math.floor(Number(number) * 1024 ** units.indexOf(unit.toLowerCase()));
  if (!Number.isSafeInteger(bytes)) throw invalid(option, text, 'more than any machine has');
  return bytes;
}
