import { isIP } from 'node:net';
import { invalid } from './invalid.ts';

/** `--add-host NAME:ADDRESS` (or NAME=ADDRESS, brackets around IPv6 allowed) as `NAME:ADDRESS`. */
export function parseHost(text: string): string {
  const [, name = '', given = ''] = /^([^:=\s]+)[:=](.*)$/.exec(text) ?? [];
  if (name === '') throw invalid('--add-host', text, 'not NAME:ADDRESS', 'db:10.5.0.9');
  const address = /^\[(.*)\]$/.exec(given)?.[1] ?? given;
  if (isIP(address) === 0 && address !== 'host-gateway') {
    throw invalid(
      '--add-host',
      text,
      `${JSON.stringify(address)} is not an IP address`,
      'db:10.5.0.9',
    );
  }
  return `${name}:${address}`;
}
