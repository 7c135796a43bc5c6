import {
  closeSync,
  constants,
  ftruncateSync,
  linkSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { ArchiveError } from '../tar/archive-error.ts';
import { display, toPath } from '../tar/byte-string.ts';
import type { Entry } from '../tar/read.ts';
import { setAttributes, setTime } from './attributes.ts';
import { isHarmless } from './devices.ts';
import { kernelWords, UnpackError } from './failure.ts';
import { makeCharacterDevice, makeFifo } from './syscalls.ts';
import { look, makeDirectory, Tree } from './tree.ts';
import { applyWhiteout, isMetadata, isWhiteout, makeOpaque } from './whiteout.ts';

/**
 * Writes an archive's entries below a directory that nobody else writes to, and nothing outside of
 * it whatever the entries say: a later entry replaces an earlier one of its name, directories merge.
 *
 * @param note told in a sentence what was left out: devices, attributes
 * @returns bytes of the files
 * @throws ArchiveError for an entry that cannot be had, UnpackError if the kernel refuses
 */
export async function unpack(
  entries: AsyncIterable<Entry>,
  root: string,
  note: (sentence: string) => void,
): Promise<number> {
  const layer = new Unpacking(root, note);
  for await (const entry of entries) {
    try {
      await layer.add(entry);
    } catch (error) {
      throw located(entry.name, error);
    }
  }
  layer.finish();
  return layer.size;
}

class Unpacking {
  size = 0;
  readonly #tree: Tree;
  readonly #note: (sentence: string) => void;
  /** Directories' times, set at the end because each new node in one changes it. */
  readonly #times = new Map<string, number>();
  /** Paths of devices that were left out, since hard links to them may follow. */
  readonly #leftOut = new Set<string>();

  constructor(root: string, note: (sentence: string) => void) {
    this.#tree = new Tree(root);
    this.#note = note;
  }

  async add(entry: Entry): Promise<void> {
    const note = (sentence: string): void => this.#note(`${display(entry.name)}: ${sentence}`);
    if (isMetadata(entry.name)) return;
    const path = this.#tree.place(entry.name);
    if (path === undefined) {
      // As Docker, which keeps a `/` of root's own and mode 755 whatever directory was archived.
      if (entry.type !== 'directory') throw new ArchiveError('it would replace the root');
      return;
    }
    if (applyWhiteout(path)) return;
    if (!(await this.#make(entry, path, note))) return;
    if (entry.type === 'link') return; // another name of a node that has its attributes already
    setAttributes(path, entry, note);
    if (entry.type === 'directory') this.#times.set(path, entry.mtime);
    else setTime(path, entry.mtime);
  }

  finish(): void {
    for (const [path, mtime] of this.#times) setTime(path, mtime);
  }

  /** Makes the node; false if it is to be left out. */
  async #make(entry: Entry, path: string, note: (sentence: string) => void): Promise<boolean> {
    switch (entry.type) {
      case 'directory':
        this.#makeDirectory(path);
        return true;
      case 'file':
        this.#clear(path);
        await writeFile(path, entry);
        this.size += entry.size;
        return true;
      case 'symlink':
        if (entry.linkname.includes('\0')) throw new ArchiveError('its target holds a NUL');
        this.#clear(path);
        symlinkSync(toPath(entry.linkname), toPath(path));
        return true;
      case 'link':
        return this.#link(entry, path, note);
      case 'fifo':
        this.#clear(path);
        makeFifo(toPath(path), 0o600);
        return true;
      default:
        return this.#makeDevice(entry, path, note);
    }
  }

  #makeDirectory(path: string): void {
    if (look(path)?.isDirectory()) return;
    const hidesBelow = isWhiteout(path);
    this.#clear(path);
    makeDirectory(path);
    if (hidesBelow) makeOpaque(path);
  }

  #link(entry: Entry, path: string, note: (sentence: string) => void): boolean {
    const target = this.#tree.find(entry.linkname);
    if (target === undefined) {
      const wanted = this.#tree.place(entry.linkname);
      if (wanted === undefined || !this.#leftOut.has(wanted)) {
        throw new ArchiveError(`it is a link to ${display(entry.linkname)}, which is not there`);
      }
      this.#leftOut.add(path);
      note('left out: it is a link to a device that was');
      return false;
    }
    if (look(target)?.isDirectory()) {
      throw new ArchiveError(`it is a hard link to ${display(entry.linkname)}, a directory`);
    }
    if (target === path) return true;
    this.#clear(path);
    linkSync(toPath(target), toPath(path));
    return true;
  }

  #makeDevice(entry: Entry, path: string, note: (sentence: string) => void): boolean {
    const { major, minor } = entry.device;
    this.#clear(path);
    if (entry.type === 'character-device' && isHarmless(entry.device)) {
      makeCharacterDevice(toPath(path), 0o600, entry.device);
      return true;
    }
    this.#leftOut.add(path);
    note(`left out: an image may not bring the ${entry.type.replace('-', ' ')} ${major}:${minor}`);
    return false;
  }

  /** Makes room for a node that replaces what an earlier entry made. */
  #clear(path: string): void {
    const stats = look(path);
    if (!stats) return;
    this.#tree.remove(path);
    if (!stats.isDirectory()) return;
    // What may be a link by the end must not be given a directory's time through it.
    for (const known of this.#times.keys()) {
      if (known === path || known.startsWith(`${path}/`)) this.#times.delete(known);
    }
  }
}

async function writeFile(path: string, entry: Entry): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = openSync(toPath(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    let end = 0;
    for await (const { offset, bytes } of entry.data) {
      for (let written = 0; written < bytes.length; ) {
        written += writeSync(fd, bytes, written, bytes.length - written, offset + written);
      }
      end = offset + bytes.length;
    }
    if (end < entry.size) ftruncateSync(fd, entry.size); // a hole at the end
  } finally {
    closeSync(fd);
  }
}

/** The failure of one entry, in words that name the entry. */
function located(name: string, error: unknown): unknown {
  if (error instanceof ArchiveError) {
    return new ArchiveError(`${display(name)}: ${error.message}`, { cause: error });
  }
  const words = kernelWords(error);
  return words === undefined
    ? error
    : new UnpackError(`${display(name)}: ${words}`, { cause: error });
}
