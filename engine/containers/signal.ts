import { constants } from 'node:os';
import { HawserError } from '../../errors.ts';
import { quote } from '../names.ts';

const NUMBERS = new Map(Object.entries(constants.signals));
const LAST_SIGNAL = 64;

/** The number of a signal given by name (`SIGTERM`, `term`) or number. */
export function parseSignal(text: string): number {
  const upper = text.toUpperCase();
  const number = /^\d{1,2}$/.test(text)
    ? Number(text)
    : (NUMBERS.get(upper) ?? NUMBERS.get(`SIG${upper}`));
  if (number === undefined || number < 1 || number > LAST_SIGNAL) {
    throw new HawserError('invalid', `send signal ${quote(text)}: there is no such signal`);
  }
  return number;
}
