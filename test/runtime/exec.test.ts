import { readdirSync, readlinkSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasLeft } from '../../native/session.ts';
import type { Supervised } from '../../runtime/process.ts';
import { processStat } from '../../runtime/process-identity.ts';
import type { ContainerSpec, ExecSpec } from '../../runtime/spec.ts';
import { Box, type Outcome } from './box.ts';

let box: Box;
let container: ContainerSpec;
let running: Supervised;

beforeAll(() => {
  box = new Box();
});
afterAll(() => box.dispose());
beforeEach(async () => {
  container = box.spec(['sleep', '60'], { hostname: 'boat' });
  running = await box.start(container);
  running.session.stdout.resume();
  running.session.stderr.resume();
  await running.session.start();
});
afterEach(async () => {
  const left = (error: unknown) => hasLeft(error) || Promise.reject(error);
  if (processStat(running.pid)) await running.session.kill(9).catch(left);
  running.session.close();
  box.cgroups.remove(container.cgroup);
});

const exec = async (script: string, given: Partial<ExecSpec> = {}): Promise<Outcome> =>
  box.finish(await box.exec(box.execSpec(container, running.pid, ['sh', '-c', script], given)));

describe('exec', () => {
  it('enters all namespaces and the cgroup', async () => {
    const { exit, stdout } = await exec(`
      hostname; cat /proc/1/comm
      for name in pid mnt uts ipc net cgroup; do readlink /proc/self/ns/$name; done
      grep -cv ':/$' /proc/self/cgroup; ls / | tr '\\n' ' '`);
    const lines = stdout.trim().split('\n');
    const namespaces = ['pid', 'mnt', 'uts', 'ipc', 'net', 'cgroup'];
    expect(exit.code).toBe(0);
    expect(lines.slice(0, 2)).toEqual(['boat', 'sleep']);
    expect(lines.slice(2, 8)).toEqual(
      namespaces.map((name) => readlinkSync(`/proc/${running.pid}/ns/${name}`)),
    );
    expect(lines[8]).toBe('0');
    expect(lines[9]).toContain('bin');
  });

  it('has the confinement, the user, the directory and the environment it is given', async () => {
    const { stdout } = await exec(
      'id; pwd; echo $WORD; grep -E "CapBnd|CapEff|Seccomp:" /proc/self/status; ls -l /proc/self/fd | wc -l',
      {
        user: { uid: 33, gid: 33, groups: [33, 100] },
        cwd: '/tmp',
        env: ['PATH=/bin', 'WORD=yes'],
      },
    );
    expect(stdout.trim().split('\n')).toEqual([
      'uid=33(www-data) gid=33(www-data) groups=33(www-data),100(users)',
      '/tmp',
      'yes',
      'CapEff:\t0000000000000000',
      'CapBnd:\t00000000a80425fb',
      'Seccomp:\t2',
      '5', // a heading, three streams, and the directory being read
    ]);
  });

  it('passes input, output and the end through', async () => {
    const spec = box.execSpec(container, running.pid, ['sh', '-c', 'cat; cat x >&2; exit 7'], {
      stdin: true,
    });
    const supervised = await box.exec(spec);
    supervised.session.stdin.end('given');
    const { exit, stdout, stderr } = await box.finish(supervised);
    expect(exit).toMatchObject({ code: 7, oomKilled: false });
    expect(stdout).toBe('given');
    expect(stderr).toContain("can't open 'x'");
  });

  it('of a command that does not exist is 127, and the container goes on', async () => {
    const spec = box.execSpec(container, running.pid, ['nope']);
    const { session } = await box.exec(spec);
    await expect(session.start()).rejects.toMatchObject({ code: 'command-not-found' });
    session.close();
    expect(processStat(running.pid)?.zombie).toBe(false);
  });

  it('counts within the limits of the container', async () => {
    const spec = box.execSpec(container, running.pid, ['sleep', '60']);
    const { session, pid } = await box.exec(spec);
    session.stdout.resume();
    session.stderr.resume();
    await session.start();
    expect(box.cgroups.processes(container.cgroup).sort()).toEqual([running.pid, pid].sort());
    await session.kill(9);
    expect(await session.exit).toMatchObject({ code: 137, signal: 9 });
    session.close();
  });

  it('ends with the container', async () => {
    const spec = box.execSpec(container, running.pid, ['sleep', '60']);
    const { session } = await box.exec(spec);
    session.stdout.resume();
    session.stderr.resume();
    await session.start();
    await running.session.kill(9);
    expect(await session.exit).toMatchObject({ code: 137 });
    session.close();
  });

  it('is refused for a pid that is another process by now', async () => {
    const start = String((processStat(running.pid)?.start ?? 0) + 1);
    const spec = box.execSpec(container, running.pid, ['true'], { start });
    await expect(box.exec(spec)).rejects.toMatchObject({ code: 'kernel' });
  });

  it('leaves no process of this machine’s in the container', () => {
    // The container's pids as it sees them: only its first.
    expect(readdirSync(`/proc/${running.pid}/task`)).toHaveLength(1);
    expect(box.cgroups.processes(container.cgroup)).toEqual([running.pid]);
  });
});
