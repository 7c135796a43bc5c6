import { describe, expect, it } from 'vitest';
import { parseHierarchies } from '../../runtime/cgroup/hierarchies.ts';
import { memoryAndSwap } from '../../runtime/cgroup/limits.ts';
import { deviceRuleV1, settingsV1 } from '../../runtime/cgroup/v1.ts';
import { ioWeight, settingsV2, weightFromShares } from '../../runtime/cgroup/v2.ts';
import { DEVICE_RULES } from '../../runtime/security/devices.ts';
import type { Limits } from '../../runtime/spec.ts';

const MIB = 2 ** 20;
const everything: Limits = {
  memory: 64 * MIB,
  memorySwap: 100 * MIB,
  cpus: 1.5,
  cpuShares: 512,
  cpusetCpus: '0-1',
  cpusetMems: '0',
  pids: 100,
  blkioWeight: 500,
};
const lines = (settings: ReturnType<typeof settingsV1>): string[] =>
  settings.map(({ files, value }) => `${files.join('|')}=${value}`);

describe('limits', () => {
  it('are written to version 1 with memory before memory and swap', () => {
    expect(lines(settingsV1(everything))).toEqual([
      'memory.limit_in_bytes=67108864',
      'memory.memsw.limit_in_bytes=104857600',
      'cpu.shares=512',
      'cpu.cfs_period_us=100000',
      'cpu.cfs_quota_us=150000',
      'cpuset.cpus=0-1',
      'cpuset.mems=0',
      'pids.max=100',
      'blkio.weight|blkio.bfq.weight=500',
    ]);
  });

  it('are written to version 2 with swap by itself', () => {
    expect(lines(settingsV2(everything))).toEqual([
      'memory.max=67108864',
      'memory.swap.max=37748736',
      'cpu.weight=59',
      'cpu.max=150000 100000',
      'cpuset.cpus=0-1',
      'cpuset.mems=0',
      'pids.max=100',
      'io.weight=4950',
    ]);
  });

  it('are none when none is asked for', () => {
    expect(settingsV1({})).toEqual([]);
    expect(settingsV2({})).toEqual([]);
  });

  it('allow as much swap as memory unless told otherwise', () => {
    expect(memoryAndSwap({ memory: 10 })).toBe(20);
    expect(memoryAndSwap({ memory: 10, memorySwap: 10 })).toBe(10);
    expect(memoryAndSwap({ memory: 10, memorySwap: -1 })).toBeUndefined();
    expect(lines(settingsV2({ memory: 10, memorySwap: -1 }))).toContain('memory.swap.max=max');
  });

  it('of devices are refused where there is no block device', () => {
    expect(() => settingsV1({ deviceReadBps: { '/dev/null': 1 } })).toThrow(
      '--device-read-bps: /dev/null is not a block device',
    );
    expect(() => settingsV2({ deviceWriteIops: { '/nowhere': 1 } })).toThrow('/nowhere');
  });
});

describe('weights', () => {
  it('keep their least, normal and greatest value in version 2', () => {
    expect([2, 1024, 262_144].map(weightFromShares)).toEqual([1, 100, 10_000]);
    expect([10, 1000].map(ioWeight)).toEqual([1, 10_000]);
  });
});

describe('hierarchies', () => {
  it('are told from mountinfo, with controllers for version 1', () => {
    const text = [
      '30 22 0:27 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
      '31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct',
      '32 30 0:36 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd',
      '33 30 0:37 / /sys/fs/cgroup/uni\\040fied rw - cgroup2 cgroup2 rw,nsdelegate',
      '34 30 0:28 / /elsewhere rw - cgroup cgroup rw,cpu,cpuacct',
      '',
    ].join('\n');
    expect(parseHierarchies(text)).toEqual([
      { version: 1, mountpoint: '/sys/fs/cgroup/cpu,cpuacct', controllers: ['cpu', 'cpuacct'] },
      { version: 1, mountpoint: '/sys/fs/cgroup/systemd', controllers: ['name=systemd'] },
      { version: 2, mountpoint: '/sys/fs/cgroup/uni fied', controllers: [] },
    ]);
  });
});

describe('device rules', () => {
  it('are those of Docker', () => {
    expect(DEVICE_RULES.map(deviceRuleV1)).toEqual([
      'c *:* m',
      'b *:* m',
      'c 1:3 rwm',
      'c 1:5 rwm',
      'c 1:7 rwm',
      'c 1:8 rwm',
      'c 1:9 rwm',
      'c 5:0 rwm',
      'c 5:1 rwm',
      'c 5:2 rwm',
      'c 136:* rwm',
    ]);
  });
});
