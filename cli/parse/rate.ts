import type { Shaping } from '../../net/model.ts';
import type { ShapingChange } from '../../net/request.ts';
import { invalid } from './invalid.ts';
import { parseSize } from './size.ts';

/** Decimal multiples, as all of tc's rates have; `ki`, `mi`, ... are powers of 1024. */
const PREFIXES = ['', 'k', 'm', 'g', 't'];

/** tc's rates in bits a second: `10mbit`, `1gbit`, `1500` (bits), `1mbps` (bytes), `1mibit`. */
export function parseRate(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(?:([kmgt]?)(i?)(bit|bps))?$/i.exec(text);
  if (match === null) throw invalid(option, text, 'not a rate', '10mbit, 1gbit, 500kbps');
  const [, number = '', prefix = '', binary = '', unit = 'bit'] = match;
  const factor = (binary === '' ? 1000 : 1024) ** PREFIXES.indexOf(prefix.toLowerCase());
  const bits = Math.round(Number(number) * factor * (/bps/i.test(unit) ? 8 : 1));
  if (bits > 0 && Number.isSafeInteger(bits)) return bits;
  throw invalid(
    option,
    text,
    bits === 0 ? 'nothing would ever pass' : 'more than any link carries',
  );
}

/** The options that bound an endpoint, as commander leaves them. */
export interface RateOptions {
  egressRate?: string;
  ingressRate?: string;
  burst?: string;
}

/** Undefined if none is given. */
export function parseShaping({ egressRate, ingressRate, burst }: RateOptions): Shaping | undefined {
  const shaping: Shaping = {
    ...(egressRate !== undefined && { egressRate: parseRate('--egress-rate', egressRate) }),
    ...(ingressRate !== undefined && { ingressRate: parseRate('--ingress-rate', ingressRate) }),
    ...(burst !== undefined && { burst: parseSize('--burst', burst) }),
  };
  return Object.keys(shaping).length === 0 ? undefined : shaping;
}

/** The same where `none` takes a bound off. */
export function parseShapingChange(options: RateOptions): ShapingChange {
  const given = Object.entries(options).filter(([, text]) => text !== 'none');
  const none = Object.entries(options).filter(([, text]) => text === 'none');
  return {
    ...parseShaping(Object.fromEntries(given)),
    ...Object.fromEntries(none.map(([name]) => [name, null])),
  };
}
