import { cpus } from 'node:os';
import { HawserError } from '../errors.ts';
import type { Limits } from '../runtime/spec.ts';

/** Below this a container's own start does not fit (as Docker's minimum). */
const SMALLEST_MEMORY = 6 * 1024 * 1024;

/** Refuses what no kernel would take; what this kernel lacks is told at start. */
export function checkLimits(limits: Limits, attempt: string): void {
  const refuse = (what: string): never => {
    throw new HawserError('invalid', `${attempt}: ${what}`);
  };
  const { memory, memorySwap, cpus: share, cpuShares, pids, blkioWeight } = limits;

  if (memory !== undefined && memory < SMALLEST_MEMORY) {
    refuse(
      `a memory limit of ${memory} bytes is less than the 6 MiB that a container needs to start`,
    );
  }
  if (memorySwap !== undefined && memorySwap !== -1) {
    if (memory === undefined)
      refuse('a limit of memory and swap together needs a memory limit too');
    else if (memorySwap < memory)
      refuse('the limit of memory and swap together is less than the memory limit');
  }
  if (share !== undefined && !(share >= 0.01 && share <= cpus().length)) {
    refuse(`${share} CPUs cannot be had: this host has ${cpus().length}, and 0.01 is the least`);
  }
  if (cpuShares !== undefined && !inRange(cpuShares, 2, 262_144)) {
    refuse(`a CPU weight of ${cpuShares} is not between 2 and 262144`);
  }
  if (pids !== undefined && !inRange(pids, 1, 4_194_304)) {
    refuse(`a limit of ${pids} processes is not between 1 and 4194304`);
  }
  if (blkioWeight !== undefined && !inRange(blkioWeight, 10, 1000)) {
    refuse(`a block I/O weight of ${blkioWeight} is not between 10 and 1000`);
  }
  for (const list of [limits.cpusetCpus, limits.cpusetMems]) {
    if (list !== undefined && !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(list)) {
      refuse(`${JSON.stringify(list)} is not a list of numbers and ranges such as 0-1,3`);
    }
  }
}

function inRange(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
