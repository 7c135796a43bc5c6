import { HawserError } from '../../errors.ts';
import { tmpfsOptions } from '../../runtime/mount-options.ts';
import type { Mount } from '../../runtime/spec.ts';
import { quote } from '../names.ts';

export function checkMounts(mounts: Mount[], attempt: string): void {
  const targets = new Set<string>();
  for (const mount of mounts) {
    if (mount.kind === 'bind') checkPath(mount.source, 'source', attempt);
    checkPath(mount.target, 'target', attempt);
    if (mount.kind === 'tmpfs') tmpfsOptions(mount.options);
    if (/^\/+$/.test(mount.target)) {
      throw new HawserError(
        'invalid',
        `${attempt}: nothing can be mounted on the container's root`,
      );
    }
    if (targets.has(mount.target)) {
      throw new HawserError('invalid', `${attempt}: ${mount.target} is mounted on twice`);
    }
    targets.add(mount.target);
  }
}

function checkPath(path: string, role: string, attempt: string): void {
  if (!path.startsWith('/') || path.split('/').includes('..') || path.includes('\0')) {
    throw new HawserError(
      'invalid',
      `${attempt}: mount ${role} ${quote(path)} is not an absolute path without ..`,
    );
  }
}
