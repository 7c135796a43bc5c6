import type { AttachmentRequest } from '../../engine/container.ts';
import { HawserError } from '../../errors.ts';
import { invalid } from './invalid.ts';

/** What the options next to --network say of the first network. */
export interface OfFirst {
  ip?: string | undefined;
  ip6?: string | undefined;
  mac?: string | undefined;
  aliases?: string[] | undefined;
}

/**
 * `--network NAME` and Docker's long form `--network name=NAME,ip=ADDRESS,alias=NAME`. `--ip`,
 * `--mac-address` and `--network-alias` speak of the first network, the default one if none is named.
 */
export function parseNetworks(texts: string[], first: OfFirst): AttachmentRequest[] {
  const networks = texts.map(parseNetwork);
  const given = defined({ ip: first.ip, ip6: first.ip6, mac: first.mac, aliases: first.aliases });
  if (Object.keys(given).length === 0) return networks;
  const [head = { network: 'bridge' }, ...others] = networks;
  if ((given.ip && head.ip) || (given.ip6 && head.ip6) || (given.mac && head.mac)) {
    throw new HawserError(
      'invalid',
      `--network ${texts[0]}: an address is given here and by an option of its own`,
    );
  }
  return [{ ...head, ...given }, ...others];
}

function parseNetwork(text: string): AttachmentRequest {
  if (text === '') throw invalid('--network', text, 'a network has a name');
  // A mode's argument may hold a = (ns:/a=b); a network's name never does.
  if (!text.includes('=') || /^(container|ns):/.test(text)) return { network: text };
  const request: AttachmentRequest = { network: '' };
  for (const field of text.split(',')) {
    const [key = '', ...rest] = field.split('=');
    const value = rest.join('=');
    if (value === '') throw invalid('--network', text, `${JSON.stringify(key)} has no value`);
    if (key === 'name') request.network = value;
    else if (key === 'ip') request.ip = value;
    else if (key === 'ip6') request.ip6 = value;
    else if (key === 'mac-address') request.mac = value;
    else if (key === 'alias') request.aliases = [...(request.aliases ?? []), value];
    else
      throw invalid(
        '--network',
        text,
        `it has no field ${JSON.stringify(key)}`,
        'name=blue,ip=10.5.0.9',
      );
  }
  if (request.network === '')
    throw invalid('--network', text, 'the name is missing', 'name=blue,ip=10.5.0.9');
  return request;
}

/** Without the fields that were not given. */
export function defined({ ip, ip6, mac, aliases }: OfFirst): Omit<AttachmentRequest, 'network'> {
  return {
    ...(ip !== undefined && { ip }),
    ...(ip6 !== undefined && { ip6 }),
    ...(mac !== undefined && { mac }),
    ...(aliases !== undefined && aliases.length > 0 && { aliases }),
  };
}
