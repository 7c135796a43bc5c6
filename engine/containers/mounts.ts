import { existsSync } from 'node:fs';
import { HawserError } from '../../errors.ts';
import { tmpfsOptions } from '../../runtime/mount-options.ts';
import type { MountRequest } from '../container.ts';
import { makeTree } from '../make-tree.ts';
import { quote } from '../names.ts';

export function checkMounts(mounts: MountRequest[], attempt: string): void {
  const targets = new Set<string>();
  for (const mount of mounts) {
    if (mount.kind === 'bind') checkSource(mount.source, mount.create ?? false, attempt);
    checkPath(mount.target, 'target', attempt);
    if (mount.kind === 'tmpfs') tmpfsOptions(mount.options);
    if (/^\/+$/.test(mount.target)) {
      throw new HawserError(
        'invalid',
        `${attempt}: nothing can be mounted on the container's root`,
      );
    }
    if (/^\/+proc(\/|$)/.test(mount.target)) {
      throw new HawserError(
        'invalid',
        `${attempt}: ${mount.target} is within /proc, which shows the container's own processes`,
      );
    }
    if (targets.has(mount.target)) {
      throw new HawserError('invalid', `${attempt}: ${mount.target} is mounted on twice`);
    }
    targets.add(mount.target);
  }
}

/** As Docker: what `-v` names and is not there becomes a directory. */
export function makeSources(mounts: MountRequest[], attempt: string): void {
  for (const mount of mounts) {
    if (mount.kind !== 'bind' || !mount.create || existsSync(mount.source)) continue;
    try {
      makeTree(mount.source);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new HawserError('invalid', `${attempt}: make the mount source: ${why}`, { cause });
    }
  }
}

function checkSource(source: string, create: boolean, attempt: string): void {
  checkPath(source, 'source', attempt);
  if (create || existsSync(source)) return;
  throw new HawserError(
    'not-found',
    `${attempt}: there is no ${quote(source)} on the host to mount`,
  );
}

function checkPath(path: string, role: string, attempt: string): void {
  if (!path.startsWith('/') || path.split('/').includes('..') || path.includes('\0')) {
    throw new HawserError(
      'invalid',
      `${attempt}: mount ${role} ${quote(path)} is not an absolute path without ..`,
    );
  }
}
