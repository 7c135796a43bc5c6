import { isIP } from 'node:net';
import { invalid } from './invalid.ts';

/** An address as text; of a `family`, if one is named. */
export function parseAddress(option: string, text: string, family?: 4 | 6): string {
  const is = isIP(text);
  if (is !== 0 && is === (family ?? is)) return text;
  const what = family === undefined ? 'an IP address' : `an IPv${family} address`;
  throw invalid(option, text, `not ${what}`, family === 6 ? 'fd00:5::9' : '10.5.0.9');
}

/** Six bytes in hex between colons, of a single station (IEEE 802: the first byte is even). */
export function parseMac(option: string, text: string): string {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) {
    throw invalid(option, text, 'not a MAC address', '02:42:0a:05:00:09');
  }
  if (Number.parseInt(text.slice(0, 2), 16) & 1) {
    throw invalid(option, text, 'a multicast address (its first byte is odd)', '02:42:0a:05:00:09');
  }
  return text.toLowerCase();
}
