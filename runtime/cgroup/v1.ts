import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceRule } from '../security/devices.ts';
import type { Limits } from '../spec.ts';
import type { Cgroups } from './cgroup.ts';
import * as files from './group-files.ts';
import type { Hierarchy } from './hierarchies.ts';
import { CPU_PERIOD, deviceLimits, deviceNumber, memoryAndSwap, type Setting } from './limits.ts';

/**
 * Version 1: a tree for each controller, and the group is made in all of them (in an empty v2 tree
 * beside them too), so that the container's cgroup namespace shows nothing of the host in any.
 * Documentation/admin-guide/cgroup-v1.
 */
export function cgroupsV1(hierarchies: readonly Hierarchy[]): Cgroups {
  const trees = hierarchies.map(({ mountpoint }) => mountpoint);
  const treeOf = (controller: string): string | undefined =>
    hierarchies.find(({ controllers }) => controllers.includes(controller))?.mountpoint;
  const groupOf = (controller: string, path: string): string | undefined => {
    const tree = treeOf(controller);
    return tree === undefined ? undefined : join(tree, path);
  };
  const read = (controller: string, path: string, file: string): string | undefined => {
    const group = groupOf(controller, path);
    return group === undefined ? undefined : files.readGroupFile(group, file);
  };

  const cgroups: Cgroups = {
    version: 'v1',

    create(path, limits, devices) {
      files.checkPath(path);
      // One that was left behind may hold processes, and limits that are not to hold now.
      cgroups.remove(path);
      try {
        for (const tree of trees) {
          for (const group of files.lineage(path)) files.makeGroup(join(tree, group));
        }
        inheritCpuset(treeOf('cpuset'), path);
        const notes = settingsV1(limits).map((setting) =>
          files.applySetting(groupOf(setting.controller, path), setting),
        );
        notes.push(restrictDevices(groupOf('devices', path), devices));
        return notes.filter((note) => note !== undefined);
      } catch (error) {
        cgroups.remove(path);
        throw error;
      }
    },

    exists: (path) => trees.some((tree) => existsSync(join(tree, path))),

    children: (path) => [
      ...new Set(
        trees.flatMap((tree) => files.childrenOf(join(tree, path)).map((name) => join(path, name))),
      ),
    ],

    entrances: (path) => trees.map((tree) => join(tree, path, 'cgroup.procs')),

    oomCounter(path) {
      const group = groupOf('memory', path);
      return group === undefined
        ? undefined
        : { file: join(group, 'memory.oom_control'), key: 'oom_kill' };
    },

    stats(path) {
      const number = (text: string | undefined): number | undefined =>
        text === undefined || text === '' ? undefined : Number(text);
      const counter = (controller: string, file: string, key: string): number | undefined => {
        const group = groupOf(controller, path);
        return group === undefined ? undefined : files.readCounter(group, file, key);
      };
      return {
        memory: number(read('memory', path, 'memory.usage_in_bytes')),
        cpu: number(read('cpuacct', path, 'cpuacct.usage')),
        pids: number(read('pids', path, 'pids.current')),
        throttledPeriods: counter('cpu', 'cpu.stat', 'nr_throttled'),
        oomKills: counter('memory', 'memory.oom_control', 'oom_kill') ?? 0,
      };
    },

    processes: (path) => [
      ...new Set(trees.flatMap((tree) => files.processesBelow(join(tree, path)))),
    ],

    remove(path) {
      files.checkPath(path);
      const freezer = groupOf('freezer', path);
      for (const tree of trees) {
        files.removeGroup(join(tree, path), () => killFrozen(freezer, cgroups.processes(path)));
      }
    },
  };
  return cgroups;
}

/**
 * Frozen processes cannot fork, so none escapes between the listing and the kill; they die when
 * they thaw (freezer-subsystem.rst). A process may be in the group of one tree and not of the freezer's;
 * the caller tries again.
 */
function killFrozen(freezer: string | undefined, pids: readonly number[]): void {
  const set = (state: string): void => {
    if (freezer !== undefined) files.writeGroupFile(freezer, 'freezer.state', state);
  };
  set('FROZEN');
  try {
    files.killAll(pids);
  } finally {
    set('THAWED');
  }
}

/** A new v1 cpuset is empty, and nothing may enter an empty one: it takes its parent's first. */
function inheritCpuset(tree: string | undefined, path: string): void {
  if (tree === undefined) return;
  let parent = tree;
  for (const name of files.lineage(path)) {
    const group = join(tree, name);
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (files.readGroupFile(group, file) !== '') continue;
      files.writeGroupFile(group, file, files.readGroupFile(parent, file) ?? '');
    }
    parent = group;
  }
}

function restrictDevices(
  group: string | undefined,
  rules: readonly DeviceRule[] | undefined,
): string | undefined {
  if (rules === undefined) return undefined;
  const setting = { controller: 'devices', option: 'the list of allowed devices' };
  const denied = files.applySetting(group, { ...setting, files: ['devices.deny'], value: 'a' });
  if (denied !== undefined) return denied;
  for (const rule of rules) {
    files.applySetting(group, { ...setting, files: ['devices.allow'], value: deviceRuleV1(rule) });
  }
  return undefined;
}

/** `c 1:3 rwm`, `b *:* m`. */
export function deviceRuleV1({ kind, major, minor, access }: DeviceRule): string {
  return `${kind === 'char' ? 'c' : 'b'} ${major ?? '*'}:${minor ?? '*'} ${access}`;
}

/** What is written where for these limits, in this order. */
export function settingsV1(limits: Limits): Setting[] {
  const settings: Setting[] = [];
  const set = (
    option: string,
    controller: string,
    names: string[],
    value: number | string,
  ): void => {
    settings.push({ option, controller, files: names, value: String(value) });
  };

  // memory.memsw must never be below memory: on a fresh, unlimited group memory goes first.
  if (limits.memory !== undefined) {
    set('--memory', 'memory', ['memory.limit_in_bytes'], limits.memory);
  }
  const both = memoryAndSwap(limits);
  if (both !== undefined) set('--memory-swap', 'memory', ['memory.memsw.limit_in_bytes'], both);

  if (limits.cpuShares !== undefined) set('--cpu-shares', 'cpu', ['cpu.shares'], limits.cpuShares);
  if (limits.cpus !== undefined) {
    set('--cpus', 'cpu', ['cpu.cfs_period_us'], CPU_PERIOD);
    set('--cpus', 'cpu', ['cpu.cfs_quota_us'], Math.round(limits.cpus * CPU_PERIOD));
  }
  if (limits.cpusetCpus !== undefined) {
    set('--cpuset-cpus', 'cpuset', ['cpuset.cpus'], limits.cpusetCpus);
  }
  if (limits.cpusetMems !== undefined) {
    set('--cpuset-mems', 'cpuset', ['cpuset.mems'], limits.cpusetMems);
  }
  if (limits.pids !== undefined) {
    set('--pids-limit', 'pids', ['pids.max'], limits.pids === -1 ? 'max' : limits.pids);
  }
  if (limits.blkioWeight !== undefined) {
    // Which one there is depends on the I/O scheduler: BFQ has its own.
    set('--blkio-weight', 'blkio', ['blkio.weight', 'blkio.bfq.weight'], limits.blkioWeight);
  }
  for (const { option, devices, v1 } of deviceLimits(limits)) {
    for (const [path, rate] of Object.entries(devices)) {
      const value = `${deviceNumber(path, option)} ${rate}`;
      set(option, 'blkio', [`blkio.throttle.${v1}_device`], value);
    }
  }
  return settings;
}
