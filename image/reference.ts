import { HawserError } from '../errors.ts';

/** The name of an image: `busybox:latest`, `localhost:5000/team/web:v2`. */
export interface Reference {
  /** With the registry's host before it, if one was given. */
  name: string;
  tag: string;
}

// The grammar of github.com/distribution/reference, which Docker, containerd and Podman share.
const ALPHANUMERIC = '[a-z0-9]+';
const SEPARATOR = '(?:[._]|__|-+)';
const COMPONENT = new RegExp(`^${ALPHANUMERIC}(?:${SEPARATOR}${ALPHANUMERIC})*$`);
const HOST_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const HOST = new RegExp(`^(?:${HOST_PART}(?:\\.${HOST_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const TAG = /^\w[\w.-]{0,127}$/;
const IMAGE_ID = /^[0-9a-f]{64}$/;
const LONGEST_NAME = 255;

/**
 * Reads `[HOST[:PORT]/]PATH[:TAG]`; without a tag it is `latest`.
 *
 * @throws HawserError `invalid`, saying which part breaks which rule
 */
export function parseReference(text: string): Reference {
  const refuse = (why: string): HawserError =>
    new HawserError('invalid', `read image name ${quote(text)}: ${why}`);
  if (text === '') throw refuse('it is empty');
  if (text.includes('@')) throw refuse('an image without a registry has no digest to be named by');

  const colon = text.indexOf(':', text.lastIndexOf('/') + 1);
  const name = colon < 0 ? text : text.slice(0, colon);
  const tag = colon < 0 ? 'latest' : text.slice(colon + 1);
  if (name.length > LONGEST_NAME) {
    throw refuse(`it has ${name.length} characters, and ${LONGEST_NAME} are allowed`);
  }
  if (!TAG.test(tag)) {
    throw refuse(
      `the tag ${quote(tag)} is not 1 to 128 letters, digits, "_", "." and "-", beginning with neither of the last two`,
    );
  }
  if (IMAGE_ID.test(name)) throw refuse('it looks like the id of an image');

  const [host, path] = splitHost(name);
  if (host !== undefined && !HOST.test(host)) {
    throw refuse(`${quote(host)} is not the host of a registry, with or without a port`);
  }
  for (const component of path.split('/')) {
    if (COMPONENT.test(component)) continue;
    if (COMPONENT.test(component.toLowerCase())) {
      throw refuse(
        `${quote(component)} has upper-case letters; only a registry's host and a tag may`,
      );
    }
    throw refuse(
      `${component === '' ? 'an empty part' : quote(component)} is not lower-case letters and digits, parted by ".", "_", "__" or dashes`,
    );
  }
  return { name, tag };
}

/** As Docker tells them apart: a first part with a dot, a port or an upper-case letter is a host. */
function splitHost(name: string): [host: string | undefined, path: string] {
  const slash = name.indexOf('/');
  const first = name.slice(0, slash);
  if (slash > 0 && (/[.:A-Z]/.test(first) || first === 'localhost')) {
    return [first, name.slice(slash + 1)];
  }
  return [undefined, name];
}

export function formatReference({ name, tag }: Reference): string {
  return `${name}:${tag}`;
}

/** Text from outside, fit for a message: short, in quotes, with control characters escaped. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}...` : text);
}
