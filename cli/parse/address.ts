import { isIP } from 'node:net';
import { invalid } from './invalid.ts';

export function parseAddress(option: string, text: string): string {
  if (isIP(text) === 0) throw invalid(option, text, 'not an IP address', '10.5.0.9');
  return text;
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
