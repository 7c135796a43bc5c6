import { execFileSync, spawnSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Limits } from '../../runtime/spec.ts';
import { Box } from './box.ts';

const MIB = 2 ** 20;
let box: Box;
beforeAll(() => {
  box = new Box();
});
afterAll(() => box.dispose());

/** A child that keeps asking for memory; the shell that waits for it is pid 1. */
const GREEDY = 'tail /dev/zero';

describe('a limit', () => {
  it('of memory kills who passes it, and the end says so', async () => {
    const limits: Limits = { memory: 32 * MIB, memorySwap: 32 * MIB };
    const { exit, stdout } = await box.sh(`exec ${GREEDY}`, { limits });
    expect(exit).toMatchObject({ code: 137, signal: 9, oomKilled: true });
    expect(stdout).toBe('');
  });

  it('of memory is not to blame for another end', async () => {
    const limits: Limits = { memory: 32 * MIB };
    const { exit } = await box.sh('head -c 8m /dev/zero | tail -c 1 > /dev/null; exit 3', {
      limits,
    });
    expect(exit).toMatchObject({ code: 3, oomKilled: false });
  });

  it('of memory counts what is written to a tmpfs', async () => {
    const limits: Limits = { memory: 32 * MIB, memorySwap: 32 * MIB };
    const { exit } = await box.sh(
      'dd if=/dev/zero of=/dev/shm/file bs=1M count=60; sleep 1; exit 0',
      { limits },
    );
    expect(exit.oomKilled).toBe(true);
  });

  it('of processes refuses the next fork', async () => {
    const script = 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait; echo unreachable';
    const { exit, stdout, stderr } = await box.sh(script, { limits: { pids: 5 } });
    expect(stderr).toContain("can't fork");
    expect(exit.code).not.toBe(0);
    expect(stdout).toBe('');
  });

  it('of CPU time holds a busy process back', async () => {
    const busy = async (limits: Limits): Promise<{ share: number; throttled: number }> => {
      const spec = box.spec(['sh', '-c', 'while :; do :; done'], { limits });
      const { session } = await box.start(spec);
      try {
        session.stdout.resume();
        session.stderr.resume();
        await session.start();
        const usage = () => box.cgroups.stats(spec.cgroup);
        const [before, began] = [usage(), performance.now()];
        await new Promise((resolve) => setTimeout(resolve, 1000));
        const [after, ended] = [usage(), performance.now()];
        const used = ((after.cpu ?? 0) - (before.cpu ?? 0)) / 1e6;
        return { share: used / (ended - began), throttled: after.throttledPeriods ?? 0 };
      } finally {
        await session.kill(9);
        await session.exit;
        session.close();
        box.cgroups.remove(spec.cgroup);
      }
    };
    const limited = await busy({ cpus: 0.2 });
    expect(limited.share).toBeGreaterThan(0.05);
    expect(limited.share).toBeLessThan(0.3);
    expect(limited.throttled).toBeGreaterThan(3);
    expect((await busy({})).throttled).toBe(0);
  });

  it('of CPUs leaves only those', async () => {
    const { stdout } = await box.sh('nproc; grep Cpus_allowed_list /proc/self/status', {
      limits: { cpusetCpus: '1' },
    });
    expect(stdout).toBe('1\nCpus_allowed_list:\t1\n');
  });

  it('is seen by the container in its own cgroups', async () => {
    const { stdout } = await box.sh(
      'cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes',
      { limits: { memory: 48 * MIB } },
    );
    expect(stdout).toBe(`${48 * MIB}\n`);
  });

  it('that the kernel refuses keeps the container from starting, and leaves nothing', async () => {
    const spec = box.spec(['true'], { limits: { cpusetMems: '9' } });
    await expect(box.start(spec)).rejects.toThrow('--cpuset-mems: the kernel does not take 9');
    expect(box.cgroups.exists(spec.cgroup)).toBe(false);
  });

  it('of input and output slows a disk down', async () => {
    const disk = attachDisk();
    try {
      // Timed in the container: how long it takes to start is another matter.
      const seconds = async (limits: Limits): Promise<number> => {
        const script = `
          cut -d' ' -f1 /proc/uptime
          dd if=/dev/zero of=${disk} bs=1M count=8 oflag=direct && cut -d' ' -f1 /proc/uptime`;
        const { stdout } = await box.sh(script, { limits, security: { privileged: true } });
        const [begin, end] = stdout.trim().split('\n').map(Number);
        return (end ?? Number.NaN) - (begin ?? Number.NaN);
      };
      const free = await seconds({});
      const limited = await seconds({ deviceWriteBps: { [disk]: 4 * MIB } });
      expect(limited).toBeGreaterThan(1.5);
      expect(limited).toBeGreaterThan(free);
    } finally {
      execFileSync('losetup', ['-d', disk]);
    }
  });
});

/** A disk of the box's own, out of a file. */
function attachDisk(): string {
  spawnSync('modprobe', ['loop']); // built in, loaded already, or loaded by this
  const file = join(box.directory, 'disk');
  writeFileSync(file, '');
  truncateSync(file, 16 * MIB);
  return execFileSync('losetup', ['-f', '--show', file], { encoding: 'utf8' }).trim();
}
