import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Limits } from '../spec.ts';
import type { Cgroups } from './cgroup.ts';
import { attachDeviceProgram } from './device-program.ts';
import * as files from './group-files.ts';
import { CPU_PERIOD, deviceLimits, deviceNumber, type Setting } from './limits.ts';

/** What is used of the controllers the kernel has; each must be handed down level by level. */
const CONTROLLERS = ['cpu', 'cpuset', 'io', 'memory', 'pids'];

/**
 * Version 2: one tree, in which a parent grants controllers to its children by name.
 * Documentation/admin-guide/cgroup-v2.rst.
 */
export function cgroupsV2(tree: string): Cgroups {
  const groupOf = (path: string): string => join(tree, path);

  const cgroups: Cgroups = {
    version: 'v2',

    create(path, limits, devices) {
      files.checkPath(path);
      // One that was left behind may hold processes, and limits that are not to hold now.
      cgroups.remove(path);
      try {
        for (const name of files.lineage(path)) {
          delegate(dirname(groupOf(name)));
          files.makeGroup(groupOf(name));
        }
        const granted = controllersOf(groupOf(path));
        const notes = settingsV2(limits).map((setting) =>
          files.applySetting(
            granted.includes(setting.controller) ? groupOf(path) : undefined,
            setting,
          ),
        );
        if (devices !== undefined) attachDeviceProgram(groupOf(path), devices);
        return notes.filter((note) => note !== undefined);
      } catch (error) {
        cgroups.remove(path);
        throw error;
      }
    },

    exists: (path) => existsSync(groupOf(path)),

    children: (path) => files.childrenOf(groupOf(path)).map((name) => join(path, name)),

    entrances: (path) => [join(groupOf(path), 'cgroup.procs')],

    oomCounter: (path) => ({ file: join(groupOf(path), 'memory.events'), key: 'oom_kill' }),

    stats(path) {
      const group = groupOf(path);
      const number = (file: string): number | undefined => {
        const text = files.readGroupFile(group, file);
        return text === undefined ? undefined : Number(text);
      };
      const microseconds = files.readCounter(group, 'cpu.stat', 'usage_usec');
      return {
        memory: number('memory.current'),
        cpu: microseconds === undefined ? undefined : microseconds * 1000,
        pids: number('pids.current'),
        throttledPeriods: files.readCounter(group, 'cpu.stat', 'nr_throttled'),
        oomKills: files.readCounter(group, 'memory.events', 'oom_kill') ?? 0,
      };
    },

    processes: (path) => files.processesBelow(groupOf(path)),

    remove(path) {
      files.checkPath(path);
      files.removeGroup(groupOf(path), () => {
        // cgroup.kill (Linux 5.14) reaches those that are just forking as well.
        if (files.writeGroupFile(groupOf(path), 'cgroup.kill', '1')) return;
        files.killAll(cgroups.processes(path));
      });
    },
  };
  return cgroups;
}

const controllersOf = (group: string): string[] =>
  files.readGroupFile(group, 'cgroup.controllers')?.split(' ') ?? [];

/**
 * Grants the children of a group every controller that it has. One by one, because a single one
 * that cannot be granted fails the whole line; what is missing then is told by the limits that need it.
 */
function delegate(group: string): void {
  const given = files.readGroupFile(group, 'cgroup.subtree_control')?.split(' ') ?? [];
  for (const controller of controllersOf(group)) {
    if (!CONTROLLERS.includes(controller) || given.includes(controller)) continue;
    try {
      files.writeGroupFile(group, 'cgroup.subtree_control', `+${controller}`);
    } catch {
      // EBUSY: processes are in this group itself; ENOENT: a hot-unplugged controller.
    }
  }
}

/** What is written where for these limits, in this order. */
export function settingsV2(limits: Limits): Setting[] {
  const settings: Setting[] = [];
  const set = (
    option: string,
    file: string,
    value: number | string,
    others: string[] = [],
  ): void => {
    const [controller = ''] = file.split('.');
    settings.push({ option, controller, files: [file, ...others], value: String(value) });
  };
  const { memory, memorySwap } = limits;

  if (memory !== undefined) {
    set('--memory', 'memory.max', memory);
    // Version 2 counts swap by itself. Unless told otherwise there is as much of it as of memory.
    const swap = memorySwap === -1 ? 'max' : (memorySwap ?? memory * 2) - memory;
    set('--memory-swap', 'memory.swap.max', swap);
  }
  if (limits.cpuShares !== undefined) {
    set('--cpu-shares', 'cpu.weight', weightFromShares(limits.cpuShares));
  }
  if (limits.cpus !== undefined) {
    set('--cpus', 'cpu.max', `${Math.round(limits.cpus * CPU_PERIOD)} ${CPU_PERIOD}`);
  }
  if (limits.cpusetCpus !== undefined) set('--cpuset-cpus', 'cpuset.cpus', limits.cpusetCpus);
  if (limits.cpusetMems !== undefined) set('--cpuset-mems', 'cpuset.mems', limits.cpusetMems);
  if (limits.pids !== undefined) {
    set('--pids-limit', 'pids.max', limits.pids === -1 ? 'max' : limits.pids);
  }
  if (limits.blkioWeight !== undefined) {
    set('--blkio-weight', 'io.weight', ioWeight(limits.blkioWeight));
  }
  for (const { option, devices, v2 } of deviceLimits(limits)) {
    for (const [path, rate] of Object.entries(devices)) {
      set(option, 'io.max', `${deviceNumber(path, option)} ${v2}=${rate}`);
    }
  }
  return settings;
}

/**
 * CPU shares (2 to 262144, 1024 is normal) as a v2 weight (1 to 10000, 100 is normal): the curve
 * through those three points that runc and crun have agreed on, so that normal stays normal.
 */
export function weightFromShares(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262_144) return 10_000;
  const log = Math.log2(shares);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

/** A block weight (10 to 1000) as a v2 one (1 to 10000), on a straight line as runc's. */
export function ioWeight(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}
