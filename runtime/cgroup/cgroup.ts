import type { DeviceRule } from '../security/devices.ts';
import type { Limits } from '../spec.ts';

/**
 * The kernel's control groups, whichever version the machine has. Paths are relative to the roots
 * of the hierarchies: `hawser/<id>`. Missing parents are made, and left when a child is removed.
 */
export interface Cgroups {
  version: 'v1' | 'v2';
  /**
   * Makes the group, in the place of one left behind, and sets its limits; if that fails nothing is
   * left. `devices` are the only ones
   * that may be used; undefined allows all. Returns, as sentences, which limits do not hold because
   * this kernel lacks the means.
   */
  create(path: string, limits: Limits, devices: readonly DeviceRule[] | undefined): string[];
  exists(path: string): boolean;
  /** The paths of the groups directly below one; none if it does not exist. */
  children(path: string): string[];
  /** The files a process writes `0` to so as to enter the group. */
  entrances(path: string): string[];
  /** Where the kernel counts the group's processes that ran out of memory. */
  oomCounter(path: string): OomCounter | undefined;
  stats(path: string): CgroupStats;
  /** The pids in the group and below it, of this pid namespace. */
  processes(path: string): number[];
  /** Kills what is left in the group, and removes it with all below. Removed already is success. */
  remove(path: string): void;
}

/** A line `KEY NUMBER` of a file. */
export interface OomCounter {
  file: string;
  key: string;
}

/** What the group uses now; undefined where the kernel does not count. */
export interface CgroupStats {
  /** Bytes. */
  memory: number | undefined;
  /** Processor time, in nanoseconds. */
  cpu: number | undefined;
  pids: number | undefined;
  /** Periods in which the group was held back by its CPU limit. */
  throttledPeriods: number | undefined;
  oomKills: number;
}
