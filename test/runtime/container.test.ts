import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogLine } from '../../runtime/log-format.ts';
import { readLogs } from '../../runtime/logs.ts';
import { attachTo, isRunning, readExit, readPids, startProcess } from '../../runtime/process.ts';
import { processStat } from '../../runtime/process-identity.ts';
import type { ContainerSpec } from '../../runtime/spec.ts';
import { Box } from './box.ts';

let box: Box;
beforeAll(() => {
  box = new Box();
});
afterAll(() => box.dispose());

const lines = (text: string): string[] => text.trim().split('\n');

describe('a container', () => {
  it('runs its command as pid 1, with its own names for everything', async () => {
    const { exit, stdout } = await box.sh('echo $$; hostname; cat /proc/self/cgroup; pwd', {
      hostname: 'boat',
      cwd: '/srv/made',
    });
    const [pid, hostname, ...rest] = lines(stdout);
    expect(exit).toMatchObject({ code: 0, oomKilled: false });
    expect(pid).toBe('1');
    expect(hostname).toBe('boat');
    expect(rest.pop()).toBe('/srv/made');
    expect(rest.length).toBeGreaterThan(0);
    for (const line of rest) expect(line).toMatch(/^\d+:[^:]*:\/$/);
  });

  it('inherits nothing but what it is given', async () => {
    const { stdout } = await box.sh(
      'umask; env | sort; cat /proc/self/oom_score_adj; ls /; ps | wc -l',
      {
        env: ['PATH=/bin', 'GIVEN=yes'],
      },
    );
    const [umask, ...rest] = lines(stdout);
    expect(umask).toBe('0022');
    expect(rest).toEqual(expect.arrayContaining(['GIVEN=yes', 'PATH=/bin']));
    expect(rest.filter((line) => line.includes('='))).toEqual(
      ['GIVEN=yes', 'PATH=/bin', 'PWD=/', 'SHLVL=1'], // the last two are the shell's own
    );
  });

  it('keeps its streams apart, and logs them with the time', async () => {
    const spec = box.spec(['sh', '-c', 'echo out; echo err >&2; printf end']);
    const began = Date.now();
    expect(await box.run(spec)).toMatchObject({ stdout: 'out\nend', stderr: 'err\n' });

    const logged: LogLine[] = [];
    for await (const line of readLogs(String(spec.paths.log))) logged.push(line);
    const of = (wanted: string) =>
      logged.filter(({ stream }) => stream === wanted).map(({ data }) => data.toString());
    expect(of('stdout').join('')).toBe('out\nend');
    expect(of('stderr')).toEqual(['err\n']);
    for (const { time } of logged) expect(Math.abs(Date.parse(time) - began)).toBeLessThan(10_000);
  });

  it('reads its input to the end, or has none', async () => {
    const { stdout } = await box.run(box.spec(['cat']));
    expect(stdout).toBe('');

    // More than all buffers on the way hold, and more than once: its tail has been stuck in one of them.
    for (let round = 1; round <= 8; round += 1) {
      const supervised = await box.start(box.spec(['wc', '-c'], { stdin: true }));
      supervised.session.stdin.end(Buffer.alloc(1_000_000 + round));
      expect((await box.finish(supervised)).stdout).toBe(`${1_000_000 + round}\n`);
    }
  });

  it.each([
    [['true'], 0],
    [['sh', '-c', 'exit 42'], 42],
    [['sh', '-c', 'kill -9 $$; exit 5'], 5], // pid 1 is safe from its own namespace's signals
  ])('ends with the code of its command: %j', async (args, code) => {
    expect((await box.run(box.spec(args))).exit).toMatchObject({ code });
  });

  it.each([
    [9, 137],
    [15, 143],
  ])('ended by signal %i ends with %i', async (signal, code) => {
    // A handler by default is none for pid 1; sh with a trap ends itself, which busybox lets it do.
    const args =
      signal === 9
        ? ['sleep', '60']
        : ['sh', '-c', 'trap "exit 143" TERM; echo up; while :; do sleep 0.1; done'];
    const spec = box.spec(args);
    const supervised = await box.start(spec);
    if (signal === 15)
      supervised.session.stdout.once('readable', () => void supervised.session.kill(signal));
    const ending = box.finish(supervised);
    if (signal === 9) await supervised.session.kill(signal);
    expect((await ending).exit).toMatchObject({ code });
    expect(readExit(spec.paths)).toMatchObject({ code });
    box.cgroups.remove(spec.cgroup);
  });

  it.each([
    [['no-such-command'], 'command-not-found', 127],
    [['/bin/no-such-command'], 'command-not-found', 127],
    [['/etc/passwd'], 'cannot-execute', 126],
    [['/etc'], 'cannot-execute', 126],
  ])('whose command cannot be run says so: %j', async (args, code) => {
    const spec = box.spec(args);
    const { session } = await box.start(spec);
    const message = `start a box: exec ${args[0]}: `;
    await expect(session.start()).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    session.close();
    box.cgroups.remove(spec.cgroup);
  });

  it('that cannot be prepared leaves neither cgroup nor process', async () => {
    const spec = box.spec(['true'], { netns: '/no/such/namespace' });
    await expect(box.start(spec)).rejects.toMatchObject({
      code: 'kernel',
      message: expect.stringContaining('/no/such/namespace'),
    });
    expect(box.cgroups.exists(spec.cgroup)).toBe(false);
    expect(isRunning(spec.paths)).toBe(false);
  });

  it('that can neither be prepared nor given back tells both', async () => {
    const spec = box.spec(['true'], { netns: '/no/such/namespace' });
    const stuck = {
      ...box.cgroups,
      remove: () => {
        throw new Error('the cgroup is stuck');
      },
    };
    const options = {
      attempt: 'start a box',
      seccompCache: join(box.directory, 'seccomp'),
      cgroups: stuck,
    };
    await expect(startProcess(spec, options)).rejects.toThrow(
      /\/no\/such\/namespace.*; then: the cgroup is stuck/,
    );
    box.cgroups.remove(spec.cgroup);
  });

  it('has what is mounted into it', async () => {
    const source = join(box.directory, 'data');
    mkdirSync(source);
    writeFileSync(join(source, 'file'), 'from the host');
    const { stdout } = await box.sh(
      `cat /data/deep/file; echo; cat /one; echo
       echo new > /data/deep/made; echo no 2>&1 > /one
       grep ' /cache ' /proc/mounts`,
      {
        mounts: [
          { kind: 'bind', source: join(source, 'file'), target: '/one', readonly: true },
          { kind: 'bind', source, target: '/data/deep', readonly: false },
          { kind: 'tmpfs', target: '/data', options: '' },
          { kind: 'tmpfs', target: '/cache', options: 'size=64k,mode=1700,exec' },
        ],
      },
    );
    expect(lines(stdout)).toEqual([
      'from the host',
      'from the host',
      "sh: can't create /one: Read-only file system",
      expect.stringMatching(/^tmpfs \/cache tmpfs rw,nosuid,nodev,relatime,size=64k,mode=1700/),
    ]);
    expect(readFileSync(join(source, 'made'), 'utf8')).toBe('new\n');
  });

  it('shares its layers with others and writes to its own', async () => {
    await box.sh('rm -r /etc; echo changed > /bin/sh');
    const spec = box.spec(['sh', '-c', 'echo mine > /file; ls -d /etc']);
    expect((await box.run(spec)).stdout).toBe('/etc\n');
    expect(readFileSync(join(spec.rootfs.upper, 'file'), 'utf8')).toBe('mine\n');
    expect(existsSync(join(spec.rootfs.mountpoint, 'bin'))).toBe(false);
  });

  it('has the sysctls it asks for, and the host keeps its own', async () => {
    const host = readFileSync('/proc/sys/kernel/msgmax', 'utf8');
    const { stdout } = await box.sh(
      'cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/kernel/msgmax',
      {
        sysctls: { 'net.ipv4.ip_default_ttl': '33', 'kernel.msgmax': '12345' },
      },
    );
    expect(lines(stdout)).toEqual(['33', '12345']);
    expect(readFileSync('/proc/sys/kernel/msgmax', 'utf8')).toBe(host);
  });
});

describe('a running container', () => {
  async function background(
    script: string,
  ): Promise<{ spec: ContainerSpec; stop: () => Promise<void> }> {
    const spec = box.spec(['sh', '-c', script]);
    const { session } = await box.start(spec);
    session.stdout.resume();
    session.stderr.resume();
    await session.start();
    session.close();
    return {
      spec,
      stop: async () => {
        await (await attachTo(spec.paths))?.kill(9);
        await expect.poll(() => isRunning(spec.paths)).toBe(false);
        box.cgroups.remove(spec.cgroup);
      },
    };
  }

  it('outlives the session that started it, and takes up others', async () => {
    const { spec, stop } = await background(
      'i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done',
    );
    await sleep(200);
    expect(isRunning(spec.paths)).toBe(true);
    const session = await attachTo(spec.paths, { output: true });
    const first = await new Promise((resolve) => session?.stdout.once('data', resolve));
    expect(Number(String(first))).toBeGreaterThan(1);
    session?.close();
    await stop();
    expect(readExit(spec.paths)).toMatchObject({ code: 137, signal: 9, oomKilled: false });
    expect(await attachTo(spec.paths)).toBeUndefined();
  });

  it('is followed in its log until it ends', async () => {
    const { spec, stop } = await background('for i in 1 2 3; do echo $i; sleep 0.1; done');
    const seen: string[] = [];
    const log = readLogs(String(spec.paths.log), { follow: true }, () => !isRunning(spec.paths));
    for await (const { data } of log) seen.push(data.toString());
    expect(seen).toEqual(['1\n', '2\n', '3\n']);
    await stop();
  });

  it('dies with its monitor, and is not believed to run', async () => {
    const { spec } = await background('trap "" TERM; while :; do sleep 1; done');
    const pids = readPids(spec.paths);
    if (pids === undefined) throw new Error('there is no pid file');
    process.kill(pids.monitor.pid, 'SIGKILL');
    await expect.poll(() => isRunning(spec.paths)).toBe(false);
    await expect.poll(() => processStat(pids.process.pid)?.zombie ?? true).toBe(true);
    expect(readExit(spec.paths)).toBeUndefined();
    expect(await attachTo(spec.paths)).toBeUndefined();
    box.cgroups.remove(spec.cgroup);
    expect(box.cgroups.exists(spec.cgroup)).toBe(false);
  });
});
