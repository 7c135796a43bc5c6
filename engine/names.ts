import { randomBytes, randomInt } from 'node:crypto';
import { HawserError } from '../errors.ts';

const LONGEST_NAME = 128;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const HOST_LABEL = /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;

const MANNERS =
  'able bold brave brisk calm clear deft fair fleet fond free glad hale keen kind lively merry mild neat noble proud quick quiet ready sharp sound staunch steady still stout sunny sure swift tidy trim true warm wise'.split(
    ' ',
  );
const THINGS =
  'anchor ballast beacon berth binnacle bobstay bollard bosun bowline brig buoy capstan clipper coble compass cutter davit dinghy dock ferry fender galley halyard harbour helm hull jetty jib keel ketch lantern ledger lugger mast mizzen oar painter pier pilot pinnace quay rudder schooner sextant sheet shroud skiff sloop spar tender tiller topsail trawler tug wharf yawl'.split(
    ' ',
  );

export function newId(): string {
  return randomBytes(32).toString('hex');
}

/** A name nobody has taken: `steady_capstan`, with a number after a few collisions. */
export function inventName(isTaken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const name = `${MANNERS[randomInt(MANNERS.length)]}_${THINGS[randomInt(THINGS.length)]}`;
    const candidate = attempt < 5 ? name : `${name}_${randomInt(1_000_000)}`;
    if (!isTaken(candidate)) return candidate;
  }
}

/** Text from a user inside a sentence: quoted, cut, and with control characters made visible. */
export function quote(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return JSON.stringify(shown);
}

/** The same in the middle of a sentence: as it is if it reads as one word. */
export function plain(text: string): string {
  return /^[\w.:/@-]{1,64}$/.test(text) ? text : quote(text);
}

export function checkContainerName(name: string): void {
  if (name.length > LONGEST_NAME) {
    throw new HawserError(
      'invalid',
      `name a container ${quote(name)}: it has ${name.length} characters, ${LONGEST_NAME} are allowed`,
    );
  }
  if (!NAME.test(name)) {
    throw new HawserError(
      'invalid',
      `name a container ${quote(name)}: a name has two or more of a-z A-Z 0-9 _ . - and begins with a letter or digit`,
    );
  }
}

/** RFC 1123 section 2.1: labels of letters, digits and hyphens; the kernel takes 64 bytes. */
export function checkHostname(hostname: string): void {
  const labels = hostname.split('.');
  if (hostname.length > 64 || !labels.every((label) => HOST_LABEL.test(label))) {
    throw new HawserError(
      'invalid',
      `use ${quote(hostname)} as host name: a host name has at most 64 letters, digits, hyphens and dots, and begins and ends with a letter or digit`,
    );
  }
}
