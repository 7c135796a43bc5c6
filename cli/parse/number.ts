import { invalid } from './invalid.ts';

/** A whole number in decimal, no less than `least`. */
export function parseWhole(option: string, text: string, least = 0): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw invalid(option, text, 'not a whole number');
  }
  if (value < least) throw invalid(option, text, `less than ${least}`);
  return value;
}

/** `0.5`, `2`. */
export function parseDecimal(option: string, text: string): number {
  if (!/^(\d+(\.\d*)?|\.\d+)$/.test(text)) throw invalid(option, text, 'not a number', '1.5');
  return Number(text);
}

/** What Go's flags take for a boolean. */
export function parseBoolean(option: string, text: string): boolean {
  if (/^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  throw invalid(option, text, 'neither true nor false');
}
