import type { AttachmentRequest } from '../../engine/container.ts';
import { HawserError } from '../../errors.ts';
import type { Shaping } from '../../net/model.ts';
import type { EndpointSettings } from '../../net/request.ts';
import { parseAddress, parseMac } from './address.ts';
import { fieldsOf } from './fields.ts';
import { invalid } from './invalid.ts';
import { parsePair } from './pairs.ts';
import { parseRate } from './rate.ts';
import { parseSize } from './size.ts';

const EXAMPLE = 'blue:ip=10.5.0.9,alias=db';

/**
 * Repeated `--network`: NAME, NAME:FIELD=VALUE,... or Docker's name=NAME,FIELD=VALUE,...; what the
 * options next to it (`--ip`, `--network-alias`) say is of the first network, the default one if none
 * is named.
 */
export function parseNetworks(texts: string[], first: EndpointSettings): AttachmentRequest[] {
  const networks = texts.map(parseNetwork);
  if (Object.keys(first).length === 0) return networks;
  const [head = { network: 'bridge' }, ...others] = networks;
  if ((first.ip && head.ip) || (first.ip6 && head.ip6) || (first.mac && head.mac)) {
    throw new HawserError(
      'invalid',
      `--network ${texts[0]}: an address is given here and by an option of its own`,
    );
  }
  const aliases = [...(head.aliases ?? []), ...(first.aliases ?? [])];
  return [{ ...head, ...first, ...(aliases.length > 0 && { aliases }) }, ...others];
}

function parseNetwork(text: string): AttachmentRequest {
  const refuse = (why: string) => invalid('--network', text, why, EXAMPLE);
  if (text === '') throw invalid('--network', text, 'a network has a name');
  // A mode's argument may hold anything (ns:/a=b); a network's name has neither = nor :.
  if (/^(container|ns):/.test(text) || !/[=:]/.test(text)) return { network: text };
  const [, before, rest = ''] = /^([^=:]+):(.*)$/s.exec(text) ?? [undefined, undefined, text];
  const names = before === undefined ? [] : [before];
  const given: Given = {};
  for (const [key, value] of fieldsOf(rest, refuse)) {
    if (key === 'name') names.push(value);
    else if (isField(key)) given[key] = [...(given[key] ?? []), value];
    else throw refuse(`it has no field ${JSON.stringify(key)}`);
  }
  const [name, second] = names;
  if (name === undefined) throw refuse('the name is missing');
  if (second !== undefined) throw refuse('it has two names');
  return { network: name, ...parseSettings(given, (field) => `--network ${text}: ${field}`) };
}

/** What is said of one endpoint, by field, as text. */
export type Given = Partial<Record<Field, string[] | undefined>>;
type Field = keyof typeof readers;

const FIELDS_TWICE = new Set<Field>(['alias', 'route', 'sysctl', 'driver-opt']);

/** Each field's reader; those that may be repeated get all values, the others one. */
const readers = {
  ip: (option, [text = '']) => ({ ip: parseAddress(option, text, 4) }),
  ip6: (option, [text = '']) => ({ ip6: parseAddress(option, text, 6) }),
  mac: (option, [text = '']) => ({ mac: parseMac(option, text) }),
  'mac-address': (option, [text = '']) => ({ mac: parseMac(option, text) }),
  alias: (_, aliases) => ({ aliases }),
  'gw-priority': (option, [text = '']) => ({ gwPriority: parseInteger(option, text) }),
  ifname: (_, [ifname = '']) => ({ ifname }),
  mtu: (option, [text = '']) => ({ mtu: parseInteger(option, text) }),
  'egress-rate': (option, [text = '']) => ({ shaping: { egressRate: parseRate(option, text) } }),
  'ingress-rate': (option, [text = '']) => ({ shaping: { ingressRate: parseRate(option, text) } }),
  burst: (option, [text = '']) => ({ shaping: { burst: parseSize(option, text) } }),
  route: (_, routes) => ({ routes }),
  sysctl: (option, texts) => ({ sysctls: pairs(option, texts) }),
  'driver-opt': (option, texts) => ({ options: pairs(option, texts) }),
} satisfies Record<string, (option: string, texts: string[]) => EndpointSettings>;

/** @param option what a field is called where it was given: `--ip`, `--network a:ip=…` */
export function parseSettings(given: Given, option: (field: Field) => string): EndpointSettings {
  const settings: EndpointSettings = {};
  for (const [field, texts] of Object.entries(given)) {
    if (!isField(field) || texts === undefined || texts.length === 0) continue;
    if (texts.length > 1 && !FIELDS_TWICE.has(field)) {
      throw invalid(option(field), texts.join(' '), 'it is given twice');
    }
    const { shaping, ...read }: EndpointSettings = readers[field](option(field), texts);
    Object.assign(settings, read);
    if (shaping !== undefined) settings.shaping = { ...settings.shaping, ...shaping };
  }
  return settings;
}

function isField(key: string): key is Field {
  return Object.hasOwn(readers, key);
}

function pairs(option: string, texts: string[]): Record<string, string> {
  return Object.fromEntries(texts.map((text) => parsePair(option, text)));
}

function parseInteger(option: string, text: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw invalid(option, text, 'not a whole number');
  return Number(text);
}

/** The same bounds on each network, the default one if none is named. */
export function shaped(
  networks: AttachmentRequest[],
  shaping: Shaping | undefined,
): AttachmentRequest[] {
  if (shaping === undefined) return networks;
  const each = networks.length === 0 ? [{ network: 'bridge' }] : networks;
  return each.map((attachment) => ({
    ...attachment,
    shaping: { ...shaping, ...attachment.shaping },
  }));
}
