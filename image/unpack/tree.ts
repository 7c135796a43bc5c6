import { chmodSync, lstatSync, mkdirSync, readlinkSync, rmSync, type Stats } from 'node:fs';
import { ArchiveError } from '../tar/archive-error.ts';
import { display, fromText, toPath } from '../tar/byte-string.ts';

/** As many as the kernel follows: path_resolution(7). */
const MOST_LINKS = 40;
const DIRECTORY_MODE = 0o755;

/**
 * A directory as the root of names that are not to be trusted. Every name is resolved as the kernel
 * would for a process whose root this is: absolute links begin here, and `..` of the root is the
 * root. This is sound because nobody but the caller writes to the directory meanwhile.
 */
export class Tree {
  readonly root: string;
  /** Where resolved names of directories really are; forgotten when anything might change that. */
  readonly #directories = new Map<string, string>();

  /** @param root the directory's path as ordinary text */
  constructor(root: string) {
    this.root = fromText(root);
  }

  /**
   * The path at which an entry of this name belongs, whose parent is a real directory inside of the
   * root and is made if need be; undefined for the root itself. The last part may be anything.
   */
  place(name: string): string | undefined {
    const parts = partsOf(name);
    const last = parts.pop();
    return last === undefined ? undefined : `${this.#directory(parts, 'make')}/${last}`;
  }

  /** The path of what the archive put under this name; undefined if it put nothing there. */
  find(name: string): string | undefined {
    const parts = partsOf(name);
    const last = parts.pop();
    const parent = this.#directory(parts, 'find');
    const path = parent !== undefined && last !== undefined ? `${parent}/${last}` : undefined;
    return path !== undefined && look(path) ? path : undefined;
  }

  /** Removes whatever is at a path, with all that is in it. */
  remove(path: string): void {
    rmSync(toPath(path), { recursive: true, force: true });
    this.#directories.clear();
  }

  #directory(parts: string[], missing: 'make'): string;
  #directory(parts: string[], missing: 'find'): string | undefined;
  #directory(parts: string[], missing: 'make' | 'find'): string | undefined {
    const key = parts.join('/');
    const known = this.#directories.get(key);
    if (known !== undefined) return known;

    const ahead = [...parts].reverse();
    let at: string[] = [];
    for (let links = 0, part = ahead.pop(); part !== undefined; part = ahead.pop()) {
      if (part === '..') {
        at.pop();
        continue;
      }
      const path = [this.root, ...at, part].join('/');
      const stats = look(path);
      if (stats?.isSymbolicLink()) {
        if (++links > MOST_LINKS) throw new ArchiveError('too many symbolic links lead to it');
        const target = readlinkSync(toPath(path), 'latin1');
        if (target.startsWith('/')) at = [];
        ahead.push(...split(target).reverse());
        continue;
      }
      if (!stats && missing === 'find') return undefined;
      if (!stats) makeDirectory(path);
      else if (!stats.isDirectory()) {
        throw new ArchiveError(`${display([...at, part].join('/'))} is not a directory`);
      }
      at.push(part);
    }
    const path = [this.root, ...at].join('/');
    this.#directories.set(key, path);
    return path;
  }
}

/** What is at a path, links not followed; undefined if nothing is. */
export function look(path: string): Stats | undefined {
  return lstatSync(toPath(path), { throwIfNoEntry: false });
}

/** mkdir(2) with a mode that the process's umask has no part in. */
export function makeDirectory(path: string): void {
  mkdirSync(toPath(path));
  chmodSync(toPath(path), DIRECTORY_MODE);
}

/** A name's parts from the root down, as Docker reads it: a leading slash means nothing. */
function partsOf(name: string): string[] {
  if (name.includes('\0')) throw new ArchiveError('its name holds a NUL');
  const parts: string[] = [];
  for (const part of split(name)) {
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined && !name.startsWith('/')) {
      throw new ArchiveError('its name leads out of the root');
    }
  }
  return parts;
}

function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
