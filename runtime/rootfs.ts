import type { Stats } from 'node:fs';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { fgetxattr } from '../native/xattr.ts';
import type { Rootfs } from './spec.ts';

/**
 * A read-only view of what overlayfs would show of these layers, without mounting anything.
 *
 * The layers' content is not to be trusted: a link `/etc/passwd -> /etc/shadow` must find the
 * container's file, never the host's. So links are resolved here, within the layers, and every step
 * opens one name below an already opened directory without following links (openat(2) by way of
 * /proc/self/fd), so that nothing a running container renames meanwhile leads out either.
 */
export interface Layers {
  /** The file's first 16 MiB, or undefined if the container has no regular file of that name. */
  read(path: string): Buffer | undefined;
}

/** Enough for any link chain that is not a loop (the kernel's own bound, path_resolution(7)). */
const MAX_LINKS = 40;
/** No list of accounts is longer; a container may make the file as long as it likes. */
const MOST_BYTES = 16 * 1024 * 1024;
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** `rootfs` topmost first: the writable layer, then the read-only ones. */
export function openLayers(rootfs: Pick<Rootfs, 'layers' | 'upper'>): Layers {
  const roots = [rootfs.upper, ...rootfs.layers];
  return {
    read(path) {
      const walk = new Walk(roots);
      try {
        return walk.read(path);
      } finally {
        walk.close();
      }
    },
  };
}

/** What a name is in a merged directory. Directories of several layers make one. */
type Found =
  | { kind: 'directory'; fds: number[] }
  | { kind: 'link'; target: string }
  | { kind: 'file'; path: string }
  | undefined;

/** One walk from the root to a file; holds the descriptors of the directories it passed. */
class Walk {
  readonly #opened: number[] = [];
  readonly #root: number[];

  constructor(roots: readonly string[]) {
    this.#root = roots.flatMap((root) => this.#open(root) ?? []);
  }

  read(path: string): Buffer | undefined {
    const names = split(path);
    const passed = [this.#root];
    let links = 0;

    while (names.length > 0) {
      const name = names.shift();
      if (name === undefined || name === '.') continue;
      if (name === '..') {
        if (passed.length > 1) passed.pop();
        continue;
      }

      const found = this.#look(passed.at(-1) ?? this.#root, name);
      if (found?.kind === 'directory') passed.push(found.fds);
      else if (found?.kind === 'link') {
        links += 1;
        if (links > MAX_LINKS) return undefined;
        if (found.target.startsWith('/')) passed.length = 1;
        names.unshift(...split(found.target));
      } else {
        return found !== undefined && names.length === 0 ? readRegular(found.path) : undefined;
      }
    }
    return undefined;
  }

  close(): void {
    for (const fd of this.#opened) closeSync(fd);
  }

  /** The rules of merging: Documentation/filesystems/overlayfs.rst, "Upper and Lower". */
  #look(layers: readonly number[], name: string): Found {
    const fds: number[] = [];
    for (const layer of layers) {
      const path = `/proc/self/fd/${layer}/${name}`;
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats === undefined) continue;

      if (!stats.isDirectory()) {
        if (fds.length > 0 || isWhiteout(stats)) break;
        if (stats.isSymbolicLink()) return { kind: 'link', target: readlinkSync(path) };
        return { kind: 'file', path };
      }
      const fd = this.#open(path);
      if (fd === undefined) continue;
      fds.push(fd);
      if (isOpaque(fd)) break;
    }
    return fds.length > 0 ? { kind: 'directory', fds } : undefined;
  }

  #open(path: string): number | undefined {
    const fd = openOrUndefined(path, DIRECTORY);
    if (fd !== undefined) this.#opened.push(fd);
    return fd;
  }
}

function readRegular(path: string): Buffer | undefined {
  const fd = openOrUndefined(path, FILE);
  if (fd === undefined) return undefined;
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return undefined;
    const bytes = Buffer.alloc(Math.min(stats.size, MOST_BYTES));
    let length = 0;
    for (let n = -1; n !== 0 && length < bytes.length; length += n) {
      n = readSync(fd, bytes, length, bytes.length - length, length);
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

/** Undefined if it has been removed or replaced since it was looked at: then the container lost it. */
function openOrUndefined(path: string, flags: number): number | undefined {
  try {
    return openSync(path, flags);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENOTDIR' || code === 'ENXIO')
      return undefined;
    throw error;
  }
}

const split = (path: string): string[] => path.split('/').filter((name) => name !== '');

/** A character device 0:0 says that the name is removed. */
const isWhiteout = (stats: Stats): boolean => stats.isCharacterDevice() && stats.rdev === 0;

/** An opaque directory hides what lower layers have of that name. */
const isOpaque = (fd: number): boolean =>
  fgetxattr(fd, 'trusted.overlay.opaque')?.toString('latin1') === 'y';
