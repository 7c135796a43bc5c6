/**
 * File names on Linux are bytes, and those in an archive need not be UTF-8. In this room a name, a
 * link's target or a path is a byte string: a JavaScript string with one character (0 to 255) for
 * each byte. It can be split, compared and used as a key like any string, and loses nothing.
 */

/** The bytes up to the first NUL, as a byte string. */
export function byteString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}

/** A byte string as the path that a system call takes. */
export function toPath(name: string): Buffer {
  return Buffer.from(name, 'latin1');
}

/** Ordinary text as a byte string. */
export function fromText(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** A byte string for people: short, and with control characters escaped. */
export function display(name: string): string {
  const text = toPath(name.length > 200 ? `${name.slice(0, 200)}...` : name).toString();
  return JSON.stringify(text).slice(1, -1);
}
