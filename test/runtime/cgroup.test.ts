import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseHierarchies } from '../../runtime/cgroup/hierarchies.ts';
import { openCgroups } from '../../runtime/cgroup/open.ts';
import { cgroupsV1 } from '../../runtime/cgroup/v1.ts';
import { DEVICE_RULES } from '../../runtime/security/devices.ts';

const cgroups = openCgroups();
const parent = `hawser-test-${process.pid}`;
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  cgroups.remove(parent);
});

/** A process that sleeps in the group. */
function enter(path: string, command = 'exec sleep 60'): ChildProcess {
  const child = spawn('sh', ['-c', command], { stdio: 'ignore' });
  children.push(child);
  for (const entrance of cgroups.entrances(path)) writeFileSync(entrance, String(child.pid));
  return child;
}

describe('cgroups', () => {
  it('are made with their parents, and removed without', () => {
    const path = `${parent}/one`;
    expect(cgroups.create(path, {}, DEVICE_RULES)).toEqual([]);
    expect(cgroups.exists(path)).toBe(true);
    expect(cgroups.children(parent)).toEqual([path]);
    cgroups.remove(path);
    expect(cgroups.exists(path)).toBe(false);
    expect(cgroups.exists(parent)).toBe(true);
    cgroups.remove(path);
    expect(cgroups.children(`${parent}/nowhere`)).toEqual([]);
  });

  it('contain those who enter, in every hierarchy, and count what they use', () => {
    const path = `${parent}/two`;
    cgroups.create(path, {}, DEVICE_RULES);
    const child = enter(path);
    const lines = readFileSync(`/proc/${child.pid}/cgroup`, 'utf8').trim().split('\n');
    for (const line of lines) expect(line).toMatch(new RegExp(`:/${path}$`));
    expect(cgroups.processes(path)).toEqual([child.pid]);
    expect(cgroups.stats(path)).toMatchObject({ pids: 1, oomKills: 0 });
  });

  it('are removed with the processes left in them and the groups those made', async () => {
    const path = `${parent}/three`;
    cgroups.create(path, {}, undefined);
    const child = enter(path, 'trap "" TERM; while :; do sleep 1; done');
    for (const entrance of cgroups.entrances(path)) mkdirSync(`${dirname(entrance)}/inner`);
    const ended = once(child, 'exit');
    // The child is ours to reap, which takes a turn of the event loop: the group empties all the same.
    cgroups.remove(path);
    expect(cgroups.exists(path)).toBe(false);
    expect(await ended).toEqual([null, 'SIGKILL']);
  });

  it('leave nothing when a limit is refused', () => {
    const path = `${parent}/four`;
    const cpus = String(availableParallelism() + 500);
    expect(() => cgroups.create(path, { cpusetCpus: cpus }, undefined)).toThrow(
      `--cpuset-cpus: the kernel does not take ${cpus}`,
    );
    expect(cgroups.exists(path)).toBe(false);
  });

  it('take the place of one that was left behind, with its processes and limits', async () => {
    const path = `${parent}/again`;
    cgroups.create(path, { pids: 7 }, DEVICE_RULES);
    const ended = once(enter(path), 'exit');
    cgroups.create(path, {}, DEVICE_RULES);
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(cgroups.processes(path)).toEqual([]);
    const group = dirname(
      cgroups.entrances(path).find((name) => name.includes('pids')) ??
        cgroups.entrances(path)[0] ??
        '',
    );
    expect(readFileSync(`${group}/pids.max`, 'utf8')).toBe('max\n');
  });

  it('refuse paths that would be the root or lead out', () => {
    for (const path of ['', '/', '..', 'a/../..', 'a//b', '/a']) {
      expect(() => cgroups.remove(path)).toThrow('expected a relative path');
      expect(() => cgroups.create(path, {}, undefined)).toThrow('expected a relative path');
    }
  });

  it('say which limits this kernel cannot hold', () => {
    const path = `${parent}/five`;
    const notes = cgroups.create(path, { blkioWeight: 500, memory: 64 * 2 ** 20 }, undefined);
    const there = cgroups
      .entrances(path)
      .some((entrance) =>
        ['blkio.weight', 'blkio.bfq.weight', 'io.weight'].some((file) =>
          existsSync(`${dirname(entrance)}/${file}`),
        ),
      );
    expect(notes).toEqual(there ? [] : [expect.stringMatching(/^--blkio-weight does not hold: /)]);
  });

  it('are missed by the limits of a controller that is not mounted', () => {
    const partial = cgroupsV1([
      ...parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'))
        .filter(({ controllers }) => !controllers.includes('pids'))
        .slice(0, 1),
    ]);
    expect(partial.create(`${parent}/six`, { pids: 5 }, undefined)).toEqual([
      '--pids-limit does not hold: the cgroup controller pids is not there',
    ]);
    partial.remove(`${parent}/six`);
  });
});
