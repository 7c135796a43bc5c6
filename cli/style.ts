import { styleText } from 'node:util';
import type { Output } from './door.ts';

export interface Colour {
  enabled: boolean;
  bold(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

/** Colours on a terminal that wants them (https://no-color.org), plain text for everything else. */
export function colour(to: { stdout: Output; env: Record<string, string | undefined> }): Colour {
  const enabled = to.stdout.isTTY === true && !to.env.NO_COLOR && to.env.TERM !== 'dumb';
  const paint = (style: Parameters<typeof styleText>[0]) => (text: string) =>
    enabled ? styleText(style, text, { validateStream: false }) : text;
  return { enabled, bold: paint('bold'), good: paint('green'), bad: paint('red') };
}
