import { chmodSync, lchownSync, lutimesSync } from 'node:fs';
import { failedWith } from '../../native/sys-error.ts';
import { ArchiveError } from '../tar/archive-error.ts';
import { toPath } from '../tar/byte-string.ts';
import type { Entry } from '../tar/read.ts';
import { setAttribute } from './syscalls.ts';

/** 2^32 - 1 means "leave as it is" to chown(2). */
const LARGEST_ID = 2 ** 32 - 2;
/** The last second that ext4 can hold, in the year 2446. */
const LATEST = 0x37fffffff;

/**
 * Gives a node its owner, mode and extended attributes. In this order, since a change of the owner
 * takes away setuid bits and capabilities (chown(2), capabilities(7)).
 *
 * @param note told of attributes that were left out
 */
export function setAttributes(path: string, entry: Entry, note: (sentence: string) => void): void {
  for (const id of [entry.uid, entry.gid]) {
    if (!Number.isInteger(id) || id < 0 || id > LARGEST_ID) {
      throw new ArchiveError(`${id} is no number of a user or group`);
    }
  }
  lchownSync(toPath(path), entry.uid, entry.gid);
  if (entry.type !== 'symlink') chmodSync(toPath(path), entry.mode);
  for (const [name, value] of entry.xattrs) setPermitted(path, name, value, note);
}

/** Sets the time of last change, of a symlink's own. Times before 1970 become 1970, as Docker's. */
export function setTime(path: string, mtime: number): void {
  const time = Math.min(Math.max(mtime, 0), LATEST);
  lutimesSync(toPath(path), time, time);
}

function setPermitted(
  path: string,
  name: string,
  value: Buffer,
  note: (sentence: string) => void,
): void {
  if (!isPermitted(name)) {
    note(`left out its attribute ${name}: an image may not set that`);
    return;
  }
  try {
    setAttribute(toPath(path), name, value);
  } catch (error) {
    // The file system has none, or this kind of node has none: the file is usable without.
    if (!failedWith(error, 'EOPNOTSUPP', 'EPERM')) throw error;
    note(`left out its attribute ${name}: ${error.message}`);
  }
}

/**
 * What belongs to the file rather than to the machine: labels of the host's security modules do not,
 * and with overlayfs's own attributes an image could lead the kernel to other layers' files.
 */
function isPermitted(name: string): boolean {
  if (name.includes('\0') || name.startsWith('user.overlay.')) return false;
  return (
    name.startsWith('user.') ||
    name === 'security.capability' ||
    name === 'system.posix_acl_access' ||
    name === 'system.posix_acl_default'
  );
}
