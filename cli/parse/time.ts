import { invalid } from './invalid.ts';

const seconds: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 };

/**
 * A point in time: `2026-03-01T12:00:00Z` (RFC 3339; without a zone it is local), seconds since
 * 1970, or how long ago as `90s`, `1h30m`.
 */
export function parseTime(option: string, text: string, now = Date.now()): Date {
  if (/^\d+(\.\d+)?$/.test(text)) return new Date(Number(text) * 1000);
  if (/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) {
    let ago = 0;
    for (const [, count, unit = 's'] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)) {
      ago += Number(count) * (seconds[unit] ?? 0);
    }
    return new Date(now - ago * 1000);
  }
  const parsed = /^\d{4}-\d\d-\d\d/.test(text) ? new Date(localUnlessZoned(text)) : undefined;
  if (parsed === undefined || Number.isNaN(parsed.getTime())) {
    throw invalid(option, text, 'neither a time nor how long ago', '10m');
  }
  return parsed;
}

/** A date alone would be taken as UTC (ECMA-262), unlike a date with a time. */
function localUnlessZoned(text: string): string {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00` : text;
}
