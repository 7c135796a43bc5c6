import { ArchiveError } from '../tar/archive-error.ts';
import { toPath } from '../tar/byte-string.ts';
import { makeCharacterDevice, setAttribute } from './syscalls.ts';
import { look } from './tree.ts';

/**
 * Names by which a layer says what of the layers below it hides (OCI image specification, layer.md,
 * "Whiteouts"). They are turned into what overlayfs understands (kernel: filesystems/overlayfs.rst),
 * so that an unpacked layer is the same wherever in an image it stands.
 */
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** AUFS's own book-keeping, files and directories of it. */
const META = '.wh..wh.';

/** Whether an entry of this name says something to AUFS, and nothing to anybody else. */
export function isMetadata(name: string): boolean {
  return name.split('/').some((part) => part.startsWith(META) && part !== OPAQUE);
}

/** True if this path is a whiteout, which is then dealt with. */
export function applyWhiteout(path: string): boolean {
  const slash = path.lastIndexOf('/');
  const directory = path.slice(0, slash);
  const base = path.slice(slash + 1);
  if (!base.startsWith(WHITEOUT)) return false;
  if (base === OPAQUE) makeOpaque(directory);
  else hide(directory, base.slice(WHITEOUT.length));
  return true;
}

/** A whiteout is about the layers below: what this layer itself has under the name, it keeps. */
function hide(directory: string, name: string): void {
  if (name === '' || name === '.' || name === '..') {
    throw new ArchiveError('it is a whiteout of nothing');
  }
  const path = `${directory}/${name}`;
  const stats = look(path);
  if (!stats) makeCharacterDevice(toPath(path), 0, { major: 0, minor: 0 });
  else if (stats.isDirectory()) makeOpaque(path);
}

/** Whether overlayfs takes the node at this path for a whiteout. */
export function isWhiteout(path: string): boolean {
  const stats = look(path);
  return stats ? stats.isCharacterDevice() && stats.rdev === 0 : false;
}

/** Nothing of the layers below shows in this directory. */
export function makeOpaque(directory: string): void {
  setAttribute(toPath(directory), 'trusted.overlay.opaque', Buffer.from('y'));
}
