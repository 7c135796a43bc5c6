import { HawserError } from '../errors.ts';
import type { MountFlag } from '../native/plan.ts';

/** An option string as the kernel wants it: mount(2)'s flags apart from the file system's own options. */
export interface MountOptions {
  flags: MountFlag[];
  data: string;
}

/** Options that set a flag, and those that take it back. */
const SETS: Readonly<Record<string, MountFlag>> = {
  ro: 'ro',
  nosuid: 'nosuid',
  nodev: 'nodev',
  noexec: 'noexec',
  noatime: 'noatime',
  nodiratime: 'nodiratime',
  relatime: 'relatime',
  strictatime: 'strictatime',
  sync: 'sync',
};
const CLEARS: Readonly<Record<string, MountFlag>> = {
  rw: 'ro',
  suid: 'nosuid',
  dev: 'nodev',
  exec: 'noexec',
  atime: 'noatime',
  async: 'sync',
};
const TMPFS_OPTION = /^(size|mode|uid|gid|nr_inodes|nr_blocks)=[0-9a-zA-Z%]+$/;

/**
 * Options of `--tmpfs PATH:OPTIONS`. Docker's defaults come first (nosuid, nodev, noexec), and what
 * is given last holds. Throws 'invalid' for an option that a tmpfs does not have.
 */
export function tmpfsOptions(text: string): MountOptions {
  const flags = new Set<MountFlag>(['nosuid', 'nodev', 'noexec']);
  const data: string[] = [];
  for (const option of text.split(',').filter((part) => part !== '')) {
    const [sets, clears] = [SETS[option], CLEARS[option]];
    if (sets !== undefined) flags.add(sets);
    else if (clears !== undefined) flags.delete(clears);
    else if (TMPFS_OPTION.test(option)) data.push(option);
    else throw new HawserError('invalid', `mount a tmpfs: it has no option "${option}"`);
  }
  return { flags: [...flags], data: data.join(',') };
}
