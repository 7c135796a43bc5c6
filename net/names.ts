/** Names that people or programs give to networks and interfaces, and what may be in them. */
import { HawserError } from '../errors.ts';

/** What `--network` already means something else by, or what no network may be. */
const RESERVED = ['host', 'none', 'default', 'container', 'ns'];
const NETWORK_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const LONGEST_NETWORK_NAME = 128;

/** Refuses what cannot be a network's name; Docker's grammar, and a bound on the length. */
export function checkNetworkName(name: string): void {
  const refuse = (why: string) => {
    throw new HawserError('invalid', `create network ${plain(name)}: the name ${why}`);
  };
  if (name.length > LONGEST_NETWORK_NAME) {
    refuse(`has ${name.length} characters, and ${LONGEST_NETWORK_NAME} are the limit`);
  }
  if (!NETWORK_NAME.test(name)) {
    refuse('does not begin with a letter or digit and go on with letters, digits, _ . -');
  }
  if (RESERVED.includes(name)) refuse('means a mode, not a network');
}

/**
 * Refuses what the kernel would refuse (dev_valid_name in net/core/dev.c: 1 to 15 bytes, no `/`,
 * no `:`, no white space) or expand (`%`).
 */
export function checkInterfaceName(name: string): void {
  if (/^[^/:%\s\p{Cc}]{1,15}$/u.test(name) && Buffer.byteLength(name) <= 15) {
    if (name !== '.' && name !== '..' && name !== 'lo') return;
  }
  throw new HawserError(
    'invalid',
    `interface name ${shown(name)} must be 1 to 15 bytes without / : % and white space, and not lo`,
  );
}

/**
 * Refuses what cannot be a sandbox's id. It becomes a part of keys and of file names, so there is
 * no `/` in it.
 */
export function checkSandboxId(id: string): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.:@-]{0,127}$/.test(id)) return;
  throw new HawserError(
    'invalid',
    `sandbox id ${shown(id)} must be 1 to 128 letters, digits, _ . : @ - and begin with a letter or digit`,
  );
}

/** A name in the middle of a sentence: as it is if it reads as one word, else as `shown`. */
export function plain(name: string): string {
  return /^[\w.:/@-]{1,64}$/.test(name) ? name : shown(name);
}

/** Fit for a message: control characters escaped, the overlong cut. */
export function shown(name: string): string {
  return JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name);
}
