/** What a container's process is given: its files, its settings, its rights and its limits. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hawser, makeHawser } from '../support/hawser.ts';

let hawser: Hawser;
let dir: string;

beforeAll(() => {
  hawser = makeHawser();
  hawser.importBusybox();
  dir = join(hawser.host.dir, 'files');
  mkdirSync(dir);
});
afterAll(() => hawser.dispose());

/** Without a network, which none of this is about, a container starts a little sooner. */
const run = (options: string[], ...command: string[]) =>
  hawser.run('run', '--rm', '--network', 'none', ...options, 'busybox', ...command);
const fails = (options: string[], ...command: string[]) =>
  hawser.try(['run', '--rm', '--network', 'none', ...options, 'busybox', ...command]);

describe('the files of /etc', () => {
  it('are what docker writes: hosts, hostname, resolv.conf', () => {
    const shown = hawser.run(
      ...['run', '--rm', '--hostname', 'web.example', '--add-host', 'db:10.1.1.1'],
      ...['--dns', '9.9.9.9', '--dns', '1.1.1.1', '--dns-search', 'example', 'busybox'],
      ...['cat', '/etc/hostname', '/etc/resolv.conf', '/etc/hosts'],
    );
    expect(shown).toMatch(
      /^web\.example\nnameserver 9\.9\.9\.9\nnameserver 1\.1\.1\.1\nsearch example\n/,
    );
    expect(shown).toMatch(/^127\.0\.0\.1\tlocalhost$/m);
    expect(shown).toMatch(/^10\.1\.1\.1\tdb$/m);
    expect(shown).toMatch(/^172\.17\.0\.\d+\tweb\.example web$/m);
  });

  it('are named after the id by default, and writable', () => {
    const show =
      'hostname; cat /etc/hostname; echo "10.2.2.2 more" >> /etc/hosts; tail -1 /etc/hosts';
    const [name, file, last] = run([], 'sh', '-c', show).split('\n');
    expect(name).toMatch(/^[0-9a-f]{12}$/);
    expect([file, last]).toEqual([name, '10.2.2.2 more']);
  });
});

describe('mounts', () => {
  it('-v shows a directory, and what is written there is on the host', () => {
    writeFileSync(join(dir, 'there'), 'hello');
    expect(run(['-v', `${dir}:/data`], 'sh', '-c', 'cat /data/there; echo new > /data/new')).toBe(
      'hello',
    );
    expect(readFileSync(join(dir, 'new'), 'utf8')).toBe('new\n');
  });

  it('-v shows a file, on a path that the image does not have', () => {
    writeFileSync(join(dir, 'conf'), 'colour=blue');
    expect(
      run(['-v', `${join(dir, 'conf')}:/etc/deep/app.conf`], 'cat', '/etc/deep/app.conf'),
    ).toBe('colour=blue');
  });

  it('-v with ro cannot be written to', () => {
    const { code, stderr } = fails(['-v', `${dir}:/data:ro`], 'touch', '/data/x');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'touch: /data/x: Read-only file system\n',
    });
  });

  it('-v makes a directory of a source that is not there; --mount refuses it', () => {
    const source = join(dir, 'made', 'anew');
    const mount = ['--mount', `type=bind,source=${source},target=/data`];
    const { code, stderr } = fails(['--name', 'web1', ...mount], 'true');
    expect(code).toBe(125);
    expect(stderr).toContain(`create container web1: there is no "${source}`.slice(0, 60));
    expect(existsSync(source)).toBe(false);
    run(['-v', `${source}:/data`], 'touch', '/data/x');
    expect(statSync(join(source, 'x')).isFile()).toBe(true);
  });

  it('--tmpfs is empty, as large as it is told, and gone afterwards', () => {
    const { code, stderr, stdout } = fails(
      ['--tmpfs', '/scratch:size=1m,mode=1770'],
      ...[
        'sh',
        '-c',
        'ls /scratch; grep scratch /proc/mounts; dd if=/dev/zero of=/scratch/x bs=1M count=2',
      ],
    );
    expect(stdout).toMatch(/^tmpfs \/scratch tmpfs rw,nosuid,nodev,noexec,.*size=1024k,mode=1770/);
    expect({ code, full: stderr.includes('No space left on device') }).toEqual({
      code: 1,
      full: true,
    });
  });
});

describe('the process', () => {
  it('works where -w says, which is made if need be', () => {
    expect(run(['-w', '/var/new/place'], 'pwd')).toBe('/var/new/place');
  });

  it('is whom -u says, by name or number', () => {
    expect(run(['-u', 'www-data'], 'id')).toBe(
      'uid=33(www-data) gid=33(www-data) groups=33(www-data)',
    );
    expect(run(['-u', '1000:100'], 'id')).toBe('uid=1000 gid=100(users) groups=100(users)');
  });

  it('has the variables of -e over those of --env-file over those of the image', () => {
    const file = join(dir, 'variables');
    writeFileSync(file, '# a comment\nA=file\nB=file\n');
    const shown = run(['--env-file', file, '-e', 'A=option', '-e', 'PATH=/bin'], 'env').split('\n');
    expect(shown).toEqual(
      expect.arrayContaining(['A=option', 'B=file', 'PATH=/bin', 'HOME=/root']),
    );
  });

  it('is the entrypoint with the command after it', () => {
    expect(run(['--entrypoint', 'echo'], 'one', 'two words')).toBe('one two words');
  });

  it('sets the sysctls of its own namespaces', () => {
    const sysctls = ['net.core.somaxconn=77', 'kernel.msgmax=9999'].flatMap((one) => [
      '--sysctl',
      one,
    ]);
    const before = readFileSync('/proc/sys/kernel/msgmax', 'utf8');
    const paths = ['/proc/sys/net/core/somaxconn', '/proc/sys/kernel/msgmax'];
    expect(run(sysctls, 'cat', ...paths)).toBe('77\n9999');
    expect(readFileSync('/proc/sys/kernel/msgmax', 'utf8')).toBe(before);
  });

  it('shows its labels', () => {
    hawser.run(
      'create',
      '--name',
      'labelled',
      '-l',
      'tier=front',
      '--label',
      'bare',
      'busybox',
      'true',
    );
    expect(hawser.inspect('labelled').labels).toMatchObject({ tier: 'front', bare: '' });
    hawser.run('rm', 'labelled');
  });
});

describe('rights', () => {
  const mine = 'awk "/^CapEff|^Seccomp:/{print \\$2}" /proc/self/status';

  it("are Docker's fourteen capabilities under a filter", () => {
    expect(run([], 'sh', '-c', mine)).toBe('00000000a80425fb\n2');
  });

  it('--cap-drop takes away, --cap-add gives', () => {
    expect(run(['--cap-drop', 'ALL', '--cap-add', 'CHOWN'], 'sh', '-c', mine)).toBe(
      '0000000000000001\n2',
    );
    expect(fails(['--cap-drop', 'chown'], 'chown', '1', '/tmp').code).toBe(1);
    expect(fails([], 'ip', 'link', 'set', 'lo', 'down').code).toBe(2);
    run(['--cap-add', 'NET_ADMIN'], 'ip', 'link', 'set', 'lo', 'down');
  });

  it('--privileged: all that there are, no filter, all devices', () => {
    const own = /^CapBnd:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    expect(run(['--privileged'], 'sh', '-c', `${mine}; test -e /dev/loop-control`)).toBe(
      `${own}\n0`,
    );
  });

  it('--read-only: nothing can be written but what is mounted', () => {
    const shown = run(
      ['--read-only', '--tmpfs', '/tmp'],
      'sh',
      '-c',
      'touch /x 2>&1; touch /tmp/x && ls /tmp',
    );
    expect(shown).toBe('touch: /x: Read-only file system\nx');
  });
});

describe('limits', () => {
  it('memory: the end is 137 and reported as out of memory', () => {
    const args = ['run', '--name', 'greedy', '-m', '16m', '--memory-swap', '16m', 'busybox'];
    expect(hawser.try([...args, 'tail', '/dev/zero']).code).toBe(137);
    expect(hawser.inspect('greedy').state).toMatchObject({ exitCode: 137, oomKilled: true });
    expect(hawser.run('ps', '-a', '-f', 'exited=137')).toMatch(
      /Exited \(137\) .* \(out of memory\)/,
    );
    hawser.run('rm', 'greedy');
  });

  it('pids: a fork too many is refused', () => {
    const { code, stderr } = fails(
      ['--pids-limit', '4'],
      'sh',
      '-c',
      'for i in 1 2 3 4 5; do sleep 1 & done',
    );
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("can't fork") });
  });

  it('cpuset: there is one CPU to be had', () => {
    expect(run(['--cpuset-cpus', '0'], 'nproc')).toBe('1');
  });

  it('cpus: a busy process gets no more than its share', () => {
    const busy = 'while :; do :; done & busy=$!; sleep 1; cat /proc/$busy/stat; kill $busy';
    const stat = run(['--cpus', '0.2'], 'sh', '-c', busy).split(' ');
    // utime and stime, fields 14 and 15 of proc_pid_stat(5), in hundredths of a second.
    const used = Number(stat[13]) + Number(stat[14]);
    expect(used).toBeGreaterThan(0);
    expect(used).toBeLessThan(50);
  });
});

describe('exit codes', () => {
  it.each([
    [42, ['sh', '-c', 'exit 42']],
    [127, ['no-such-command']],
    [126, ['/etc/passwd']],
    [143, ['sh', '-c', "sh -c 'kill -TERM $$'; exit $?"]],
    [137, ['sh', '-c', "sh -c 'kill -KILL $$'; exit $?"]],
  ])('%i of %j', (code, command) => expect(fails([], ...command).code).toBe(code));

  it('name what could not be executed, and why', () => {
    expect(fails(['--name', 'web1'], '/nope').stderr).toBe(
      'hawser: start web1: exec /nope: No such file or directory\n',
    );
    expect(fails(['--name', 'web1'], '/etc/passwd').stderr).toBe(
      'hawser: start web1: exec /etc/passwd: Permission denied\n',
    );
  });
});
