import { readFileSync } from 'node:fs';
import { HawserError } from '../../errors.ts';
import type { Cgroups } from './cgroup.ts';
import { type Hierarchy, parseHierarchies } from './hierarchies.ts';
import { cgroupsV1 } from './v1.ts';
import { cgroupsV2 } from './v2.ts';

/**
 * Finds out which version has the controllers: in the mixed set-up (v1 controllers beside an empty
 * v2 hierarchy, as systemd's "hybrid") that is v1. Throws 'unsupported' if none is mounted.
 */
export function openCgroups(
  mounted: Hierarchy[] = parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8')),
): Cgroups {
  if (mounted.some(isV1WithController)) return cgroupsV1(mounted);
  const unified = mounted.find(({ version }) => version === 2);
  if (unified !== undefined) return cgroupsV2(unified.mountpoint);
  throw new HawserError('unsupported', 'limit containers: no cgroup file system is mounted', {
    hint: 'mount one: mount -t cgroup2 none /sys/fs/cgroup',
  });
}

const isV1WithController = ({ version, controllers }: Hierarchy): boolean =>
  version === 1 && controllers.some((name) => !name.startsWith('name='));
