/**
 * Docker's four network modes. They are not four drivers but a choice of sandbox and attachments:
 *
 *   bridge (or any networks)  a sandbox of one's own, attached to them in the order given
 *   none                      a sandbox of one's own, attached to nothing
 *   host                      the host's sandbox
 *   container:ID, ns:/PATH    somebody else's sandbox; the joiner tears down nothing of it
 */
import { HawserError } from '../errors.ts';

export type Mode =
  | { kind: 'own'; attachments: string[] }
  | { kind: 'host' }
  /** `container` is a name, an id or an id's beginning. */
  | { kind: 'container'; container: string }
  | { kind: 'namespace'; path: string };

/**
 * What the values of repeated `--network` options mean. No value means the default network.
 *
 * @throws HawserError 'invalid' for what cannot be combined or is malformed
 */
export function resolveMode(names: readonly string[]): Mode {
  if (names.length === 0) return { kind: 'own', attachments: ['bridge'] };
  const modes = names.map(single);
  const [first] = modes;
  if (first !== undefined && modes.length === 1) return first;
  const attachments = modes.flatMap((mode, i) => {
    if (mode.kind === 'own' && mode.attachments.length > 0) return mode.attachments;
    throw new HawserError('invalid', `network ${names[i]} cannot be combined with other networks`);
  });
  const twice = attachments.find((name, i) => attachments.indexOf(name) !== i);
  if (twice !== undefined) throw new HawserError('invalid', `network ${twice} is named twice`);
  return { kind: 'own', attachments };
}

function single(name: string): Mode {
  if (name === '') throw new HawserError('invalid', 'a network cannot have an empty name');
  if (name === 'default') return { kind: 'own', attachments: ['bridge'] };
  if (name === 'none') return { kind: 'own', attachments: [] };
  if (name === 'host') return { kind: 'host' };
  const [scheme, ...rest] = name.split(':');
  const target = rest.join(':');
  if (scheme === 'container' && rest.length > 0) return joined(name, target);
  if (scheme === 'ns' && rest.length > 0) return namespace(name, target);
  return { kind: 'own', attachments: [name] };
}

/** `container:web1`, and `container:ns:/path` for those who expect it there. */
function joined(name: string, target: string): Mode {
  if (target.startsWith('ns:')) return namespace(name, target.slice('ns:'.length));
  if (target !== '') return { kind: 'container', container: target };
  throw new HawserError('invalid', `network ${name} must go on with a container's name or id`);
}

function namespace(name: string, path: string): Mode {
  if (path.startsWith('/')) return { kind: 'namespace', path };
  throw new HawserError(
    'invalid',
    `network ${name} must go on with the absolute path of a namespace`,
  );
}
