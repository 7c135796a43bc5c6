import { invalid } from './invalid.ts';
import { parseWhole } from './number.ts';
import { parseSize } from './size.ts';

/** Repeated `/dev/sda:RATE`, where a rate is bytes (`1m`) or operations a second. */
export function parseRates(
  option: string,
  texts: string[],
  unit: 'bytes' | 'operations',
): Record<string, number> {
  const rates: Record<string, number> = {};
  for (const text of texts) {
    const at = text.lastIndexOf(':');
    const device = text.slice(0, Math.max(at, 0));
    const example = unit === 'bytes' ? '/dev/sda:1m' : '/dev/sda:100';
    if (!device.startsWith('/dev/')) throw invalid(option, text, 'not DEVICE:RATE', example);
    const rate = text.slice(at + 1);
    rates[device] = unit === 'bytes' ? parseSize(option, rate) : parseWhole(option, rate, 1);
  }
  return rates;
}
