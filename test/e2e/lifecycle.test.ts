/** From create to rm: what a container does, what is kept of it, and what goes by itself. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Container } from '../../engine/container.ts';
import { type Hawser, makeHawser } from '../support/hawser.ts';
import type { Traces } from '../support/traces.ts';

let hawser: Hawser;
let empty: Traces;

beforeAll(async () => {
  hawser = makeHawser();
  hawser.importBusybox();
  hawser.run('network', 'create', '--subnet', '10.5.0.0/24', 'blue');
  hawser.run('run', '--rm', 'busybox', 'true');
  empty = await hawser.settled();
});
afterAll(() => hawser.dispose());

const start = (name: string, ...args: string[]) => hawser.run('run', '-d', '--name', name, ...args);
const status = (name: string) => hawser.inspect(name).state.status;
const isEmpty = () => expect.poll(() => hawser.traces(), { timeout: 5000 }).toEqual(empty);

/** What a container can wait for, so that it ends when the test says so. */
function makeGate() {
  const directory = mkdtempSync(join(hawser.host.dir, 'gate-'));
  return {
    mount: ['-v', `${directory}:/gate`],
    waiting: (then: string) => [
      ...['busybox', 'sh', '-c'],
      `until [ -e /gate/open ]; do sleep 0.02; done; ${then}`,
    ],
    open: () => writeFileSync(join(directory, 'open'), ''),
  };
}

describe('run -d', () => {
  it('ends by itself, and gives everything back with nobody calling anything', async () => {
    const gate = makeGate();
    start('job', '--network', 'blue', '-p', '8080:80', ...gate.mount, ...gate.waiting('exit 3'));
    expect(hawser.traces().firewall.join()).toContain('8080');
    gate.open();
    const { files, ...traces } = empty;
    await expect.poll(() => hawser.traces(), { timeout: 5000 }).toMatchObject(traces);
    expect(hawser.traces().files.filter((path) => path.startsWith('run/'))).toEqual(
      files.filter((path) => path.startsWith('run/')),
    );
    expect(hawser.inspect('job')).toMatchObject({
      state: { status: 'exited', exitCode: 3 },
      endpoints: [],
    });
    // Its address is to be had again, and so is its port.
    hawser.run('run', '--rm', '--network', 'blue', '-p', '8080:80', 'busybox', 'true');
    hawser.run('rm', 'job');
    await isEmpty();
  });

  it('with --rm goes without a trace', async () => {
    const gate = makeGate();
    start('fleeting', '--rm', '--network', 'blue', ...gate.mount, ...gate.waiting('true'));
    expect(status('fleeting')).toBe('running');
    gate.open();
    await isEmpty();
    expect(hawser.run('ps', '-aq')).toBe('');
  });

  it('outlives the command that started it, killed or not', async () => {
    const command = hawser.spawn([
      'run',
      '--name',
      'lasting',
      'busybox',
      'sh',
      '-c',
      'echo up; sleep 600',
    ]);
    await once(command.stdout ?? command, 'data');
    command.kill('SIGKILL'); // nsenter has become hawser by now
    await once(command, 'exit');
    expect(status('lasting')).toBe('running');
    expect(hawser.run('exec', 'lasting', 'echo', 'still here')).toBe('still here');
    hawser.run('rm', '-f', 'lasting');
    await isEmpty();
  });
});

describe('logs', () => {
  beforeAll(() => {
    const talk = 'echo one; echo two >&2; sleep 0.1; echo three; sleep 0.4; echo four';
    start('talker', '--network', 'none', 'busybox', 'sh', '-c', talk);
  });
  afterAll(() => void hawser.run('rm', '-f', 'talker'));

  it('-f follows to the end, each stream on its own', async () => {
    expect(hawser.try(['logs', '-f', 'talker'])).toEqual({
      code: 0,
      stdout: 'one\nthree\nfour\n',
      stderr: 'two\n',
    });
    expect(status('talker')).toBe('exited');
  });

  it('-t begins lines with the time, --tail shows the last', () => {
    const [line = ''] = hawser.run('logs', '-t', '--tail', '1', 'talker').split('\n');
    const [time = '', text] = line.split(' ');
    expect(text).toBe('four');
    expect(Date.now() - Date.parse(time)).toBeLessThan(60_000);
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    expect(hawser.try(['logs', '--tail', '2', 'talker']).stdout).toBe('three\nfour\n');
  });
});

describe('a running container', () => {
  beforeAll(() => {
    start(
      ...(['front', '--network', 'blue', '-l', 'tier=front', '-e', 'A=own', 'busybox'] as const),
      ...['sh', '-c', 'trap "exit 5" TERM; trap "echo hup" HUP; while :; do sleep 0.05; done'],
    );
  });
  afterAll(() => void hawser.try(['rm', '-f', 'front']));

  it('exec enters all its namespaces and its cgroup', () => {
    const kinds = ['pid', 'mnt', 'uts', 'ipc', 'net', 'cgroup'];
    const look = 'for kind; do readlink /proc/$pid/ns/$kind; done; cat /proc/$pid/cgroup';
    const show = `for pid in self 1; do ${look}; echo --; done`;
    const shown = hawser.run('exec', 'front', 'sh', '-c', show, 'sh', ...kinds);
    const [own, first] = shown.split('\n--\n');
    expect(own).toBe(first?.replace(/\n--$/, ''));
    for (const kind of kinds) expect(own).not.toContain(readlinkSync(`/proc/self/ns/${kind}`));
  });

  it('exec has user, directory and variables of its own, and passes input and exit code', () => {
    const shown = hawser.run(
      ...['exec', '-u', 'www-data', '-w', '/tmp', '-e', 'B=more', 'front'],
      ...['sh', '-c', 'id -u; pwd; echo $A $B'],
    );
    expect(shown).toBe('33\n/tmp\nown more');
    expect(hawser.try(['exec', '-i', 'front', 'sh', '-c', 'cat; exit 9'], 'typed')).toEqual({
      code: 9,
      stdout: 'typed',
      stderr: '',
    });
    expect(hawser.try(['exec', 'front', 'no-such-command']).code).toBe(127);
  });

  it('is found by filters, and shown as JSON', () => {
    const names = (...filters: string[]) =>
      hawser
        .run('ps', '-a', '--format', 'json', ...filters.flatMap((one) => ['-f', one]))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as Container).name);
    hawser.run(
      'create',
      '--name',
      'back',
      '--network',
      'none',
      '-l',
      'tier=back',
      'busybox',
      'true',
    );
    expect(names()).toEqual(['back', 'front']);
    expect(names('label=tier=front')).toEqual(['front']);
    expect(names('label=tier')).toEqual(['back', 'front']);
    expect(names('status=created')).toEqual(['back']);
    expect(names('network=blue')).toEqual(['front']);
    expect(names('name=fro', 'ancestor=busybox')).toEqual(['front']);
    expect(names('name=fro', 'status=created')).toEqual([]);
    expect(hawser.run('ps', '-q')).toBe(hawser.inspect('front').id.slice(0, 12));
    hawser.run('rm', 'back');
  });

  it('is not removed without force, nor its network and image', () => {
    expect(hawser.try(['rm', 'front']).stderr).toMatch(/^hawser: remove front: it is running \(/);
    expect(hawser.try(['network', 'rm', 'blue']).stderr).toMatch(
      /^hawser: remove network blue: container front is connected to it \(/,
    );
    expect(hawser.try(['image', 'rm', 'busybox']).stderr).toMatch(
      /^hawser: remove image "busybox": container front uses it \(/,
    );
    expect(status('front')).toBe('running');
  });

  it('takes signals: kill -s, then stop, whose code is its own', async () => {
    hawser.run('kill', '-s', 'HUP', 'front');
    await expect.poll(() => hawser.run('logs', 'front'), { timeout: 5000 }).toBe('hup');
    const waiting = hawser.runs('wait', 'front');
    expect(hawser.run('stop', 'front')).toBe('front');
    expect(await waiting).toBe('5');
    expect(hawser.inspect('front')).toMatchObject({ state: { exitCode: 5 }, endpoints: [] });
  });
});

describe('ends', () => {
  it.each([
    ['stop of who does not listen', 137, ['stop', '-t', '0']],
    ['kill', 137, ['kill']],
  ])('%s: %i', (_, code, command) => {
    start('deaf', '--network', 'none', 'busybox', 'sh', '-c', 'trap "" TERM; sleep 600');
    hawser.run(...command, 'deaf');
    expect(hawser.run('wait', 'deaf')).toBe(String(code));
    hawser.run('rm', 'deaf');
  });

  it('stop and kill of what has ended: success, and a refusal', () => {
    start('over', '--network', 'none', 'busybox', 'true');
    hawser.run('wait', 'over');
    hawser.run('stop', 'over');
    expect(hawser.try(['kill', 'over'])).toMatchObject({
      code: 125,
      stderr: 'hawser: kill over: it is not running\n',
    });
    hawser.run('rm', 'over');
  });
});

describe('the writable layer', () => {
  const layer = (name: string) =>
    join(hawser.host.root, 'containers', hawser.inspect(name).id, 'upper');

  it('and the address asked for are kept from one start to the next', () => {
    const visit = 'cat /visits; echo visit >> /visits; ip -o -4 address show eth0';
    const args = [
      'create',
      '--name',
      'regular',
      '--network',
      'blue',
      '--ip',
      '10.5.0.50',
      'busybox',
    ];
    hawser.run(...args, 'sh', '-c', visit);
    expect(hawser.try(['start', '-a', 'regular']).stdout).toMatch(/^2: eth0 .* 10\.5\.0\.50\/24/);
    expect(hawser.try(['start', '-a', 'regular']).stdout).toMatch(
      /^visit\n\d+: eth0 .* 10\.5\.0\.50\//,
    );
    const upper = layer('regular');
    expect(existsSync(join(upper, 'visits'))).toBe(true);
    hawser.run('rm', 'regular');
    expect(existsSync(upper)).toBe(false);
  });

  it('is all that two containers of one image have of their own', () => {
    for (const name of ['a', 'b'])
      start(`${name}1`, '--network', 'none', 'busybox', 'sleep', '600');
    hawser.run('exec', 'a1', 'sh', '-c', 'echo mine > /etc/motd; rm /bin/vi');
    expect(hawser.run('exec', 'b1', 'sh', '-c', 'test ! -e /etc/motd && ls /bin/vi')).toBe(
      '/bin/vi',
    );
    const inode = (name: string) => hawser.run('exec', name, 'stat', '-c', '%i', '/bin/busybox');
    expect(inode('a1')).toBe(inode('b1'));
    expect(hawser.traces().files.filter((path) => path.startsWith('root/layers'))).toHaveLength(1);
    hawser.run('rm', '-f', 'a1', 'b1');
  });
});

it('nothing is left of any of them', () => isEmpty());
