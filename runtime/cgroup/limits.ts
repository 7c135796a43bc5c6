import { statSync } from 'node:fs';
import { HawserError } from '../../errors.ts';
import { deviceNumbers } from '../security/host-devices.ts';
import type { Limits } from '../spec.ts';

/** One value to be written to one file of a group. */
export interface Setting {
  controller: string;
  /** The first of these that the kernel has. */
  files: readonly string[];
  value: string;
  /** The option that asked for it, for messages: `--memory`. */
  option: string;
}

/** Microseconds over which a share of CPU time is counted: the kernel's own default. */
export const CPU_PERIOD = 100_000;
/**
 * Memory and swap together, by Docker's rule: unless told otherwise as much swap as memory.
 * Undefined is no limit.
 */
export function memoryAndSwap({ memory, memorySwap }: Limits): number | undefined {
  if (memory === undefined || memorySwap === -1) return undefined;
  return memorySwap ?? memory * 2;
}

/** The four per-device limits with their options; those that are absent are left out. */
export function deviceLimits(limits: Limits): {
  option: string;
  devices: Record<string, number>;
  /** Names in blkio.throttle.* (v1) and io.max (v2). */
  v1: string;
  v2: string;
}[] {
  return [
    { option: '--device-read-bps', devices: limits.deviceReadBps, v1: 'read_bps', v2: 'rbps' },
    { option: '--device-write-bps', devices: limits.deviceWriteBps, v1: 'write_bps', v2: 'wbps' },
    { option: '--device-read-iops', devices: limits.deviceReadIops, v1: 'read_iops', v2: 'riops' },
    {
      option: '--device-write-iops',
      devices: limits.deviceWriteIops,
      v1: 'write_iops',
      v2: 'wiops',
    },
  ].flatMap(({ devices, ...rest }) => (devices === undefined ? [] : [{ devices, ...rest }]));
}

/** A block device's `MAJOR:MINOR` (the layout of st_rdev: makedev(3)). */
export function deviceNumber(path: string, option: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stats?.isBlockDevice()) {
    throw new HawserError('invalid', `${option}: ${path} is not a block device`);
  }
  const { major, minor } = deviceNumbers(stats.rdev);
  return `${major}:${minor}`;
}
