/** The commands that look after networks and images. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hawser, makeHawser } from '../support/hawser.ts';
import type { Traces } from '../support/traces.ts';

let hawser: Hawser;
let empty: Traces;

beforeAll(async () => {
  hawser = makeHawser();
  hawser.importBusybox();
  hawser.run('run', '--rm', 'busybox', 'true');
  empty = await hawser.settled();
});
afterAll(() => hawser.dispose());

const json = (...args: string[]) => JSON.parse(hawser.run(...args));
const address = (...options: string[]) =>
  hawser
    .run('run', '--rm', ...options, 'busybox', 'sh', '-c', 'hostname -i; ip route | grep default')
    .split('\n');

describe('network', () => {
  it('create takes a subnet that is free, or what it is told', () => {
    hawser.run('network', 'create', 'any');
    hawser.run(
      ...['network', 'create', '--subnet', '10.6.0.0/24', '--gateway', '10.6.0.254'],
      ...['--ip-range', '10.6.0.64/30', '--aux-address', 'router=10.6.0.64', '--label', 'tier=x'],
      ...['-o', 'com.docker.network.driver.mtu=1400', 'told'],
    );
    expect(address('--network', 'any')).toEqual(
      ['172.18.0.2', 'default via 172.18.0.1 dev eth0 '].map((line) => line.trimEnd()),
    );
    expect(address('--network', 'told')).toEqual(['10.6.0.65', 'default via 10.6.0.254 dev eth0']);
    const mtu = ['busybox', 'cat', '/sys/class/net/eth0/mtu'];
    expect(hawser.run('run', '--rm', '--network', 'told', ...mtu)).toBe('1400');
    // The next one in turn: what was just freed is not handed out again at once.
    expect(address('--network', 'told')[0]).not.toBe('10.6.0.65');
  });

  it('create with two subnets gives addresses of both families', () => {
    hawser.run('network', 'create', '--subnet', '10.8.0.0/24', '--subnet', 'fd00:8::/64', 'dual');
    const show = 'ip -o address show eth0 scope global; ping -6 -c 1 -W 1 fd00:8::1';
    const shown = hawser.run('run', '--rm', '--network', 'dual', 'busybox', 'sh', '-c', show);
    expect(shown).toContain('inet 10.8.0.2/24');
    expect(shown).toContain('inet6 fd00:8::2/64');
  });

  it('create --ipv6 takes a free subnet of each family; pools are kept for the next command', () => {
    hawser.run('network', 'create', '--ipv6', 'six');
    const [{ subnets }] = json('network', 'inspect', 'six');
    expect(subnets[1].subnet).toMatch(/^fd.*::\/64$/);
    const ip6 = subnets[1].subnet.replace('/64', '77');
    const show = ['--network', 'six', '--ip6', ip6, 'busybox', 'ip', '-o', '-6', 'address'];
    expect(hawser.run('run', '--rm', ...show)).toContain(`inet6 ${ip6}/64`);
    hawser.run('system', 'pools', '--default-address-pool', 'base=10.64.0.0/23,size=24');
    expect(hawser.run('system', 'pools')).toMatch(/^10\.64\.0\.0\/23 +\/24 +2/m);
    hawser.run('network', 'create', 'small');
    expect(json('network', 'inspect', 'small')[0].subnets[0].subnet).toBe('10.64.0.0/24');
    hawser.run('network', 'create', 'smaller');
    const full = hawser.try(['network', 'create', 'full']);
    expect(full.stderr).toContain('10.64.0.0/24 by network small, 10.64.1.0/24 by network smaller');
    hawser.run('system', 'pools', '--built-in');
    hawser.run('network', 'rm', 'six', 'small', 'smaller');
  });

  it('ls and inspect show them, and who is attached', () => {
    hawser.run('run', '-d', '--name', 'web1', '--network', 'told', 'busybox', 'sleep', '600');
    expect(hawser.run('network', 'ls')).toMatch(/told +bridge +10\.6\.0\.0\/24 +1 /m);
    expect(json('network', 'inspect', 'told')).toMatchObject([
      {
        name: 'told',
        labels: { tier: 'x' },
        subnets: [{ gateway: '10.6.0.254', range: '10.6.0.64/30', aux: { router: '10.6.0.64' } }],
        endpoints: [{ owner: 'web1', ifname: 'eth0' }],
        leases: [
          { address: '10.6.0.254', owner: 'gateway', state: 'reserved' },
          { address: '10.6.0.64', owner: 'router', state: 'reserved' },
          { owner: 'web1', state: 'alive' },
        ],
      },
    ]);
    const names = hawser.run('network', 'ls', '--format', 'json').split('\n');
    expect(names.map((line) => JSON.parse(line).name).sort()).toEqual([
      'any',
      'bridge',
      'dual',
      'host',
      'none',
      'told',
    ]);
  });

  it('ls shows some of them', () => {
    const listed = (...filters: string[]) =>
      hawser
        .run('network', 'ls', '--format', 'json', ...filters.flatMap((one) => ['-f', one]))
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line).name);
    expect(listed('type=builtin')).toEqual(['bridge', 'host', 'none']);
    expect(listed('driver=host', 'driver=null')).toEqual(['host', 'none']);
    expect(listed('type=custom', 'name=ol', 'name=an')).toEqual(['any', 'told']);
    expect(listed('label=tier=x')).toEqual(['told']);
    expect(listed('label=constructor')).toEqual([]);
    expect(hawser.try(['network', 'ls', '-f', 'type=mine']).stderr).toBe(
      'hawser: --filter "type=mine": no type is called mine (builtin, custom)\n',
    );
  });

  it('rm is refused while in use; prune removes the rest', () => {
    expect(hawser.try(['network', 'rm', 'told'])).toMatchObject({ code: 125 });
    expect(hawser.run('network', 'prune', '-f').split('\n').sort()).toEqual(['any', 'dual']);
    hawser.run('rm', '-f', 'web1');
    expect(hawser.run('network', 'rm', 'told')).toBe('told');
  });

  it('connect and disconnect of a container that does not run hold from its next start', () => {
    hawser.run('network', 'create', '--subnet', '10.9.0.0/24', 'later');
    hawser.run('create', '--name', 'idle', 'busybox', 'ip', '-o', '-4', 'address');
    hawser.run('network', 'connect', '--ip', '10.9.0.7', 'later', 'idle');
    expect(hawser.try(['start', '-a', 'idle']).stdout).toMatch(/eth1 .* 10\.9\.0\.7\/24/);
    hawser.run('network', 'disconnect', 'bridge', 'idle');
    expect(hawser.try(['start', '-a', 'idle']).stdout).toMatch(/eth0 .* 10\.9\.0\.7\/24/);
    hawser.run('rm', 'idle');
    hawser.run('network', 'rm', 'later');
  });
});

it('a network and a container on it, removed and created at once: one of the two is refused', async () => {
  for (const name of ['a1', 'b1', 'c1', 'd1']) {
    hawser.run('network', 'create', name);
    const [create, remove] = await Promise.allSettled([
      hawser.runs('create', '--name', name, '--network', name, 'busybox', 'true'),
      hawser.runs('network', 'rm', name),
    ]);
    expect([create.status, remove.status].sort()).toEqual(['fulfilled', 'rejected']);
    if (create.status === 'rejected') continue;
    hawser.run('start', name);
    hawser.run('rm', '-f', name);
    hawser.run('network', 'rm', name);
  }
});

describe('image', () => {
  const pack = (...args: string[]): Buffer => {
    const { stdout, stderr, status } = spawnSync('tar', args);
    if (status !== 0) throw new Error(`tar: ${stderr}`);
    return stdout;
  };

  it('import, ls, inspect and rm; a gzipped tar from standard input is the same layer', () => {
    const root = join(hawser.host.dir, 'image');
    mkdirSync(join(root, 'bin'), { recursive: true });
    writeFileSync(join(root, 'file'), 'hello');
    const plain = join(hawser.host.dir, 'small.tar');
    writeFileSync(plain, pack('-C', root, '-c', '.'));
    const id = hawser.run('image', 'import', plain, 'small');
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    const zipped = spawnSync('gzip', ['-c', plain]).stdout;
    expect(hawser.try(['image', 'import', '-', 'team/small:v2'], zipped).code).toBe(0);
    const [image] = json('image', 'inspect', 'small');
    const [other] = json('image', 'inspect', 'team/small:v2');
    expect(other.layers).toEqual(image.layers);
    expect(hawser.run('image', 'ls')).toMatch(/^team\/small +v2 /m);
    hawser.run('image', 'rm', 'team/small:v2', 'small');
    expect(hawser.run('image', 'ls')).not.toContain('small');
  });

  it('import of a tar that leads out of the root touches nothing there', () => {
    const victim = join(hawser.host.dir, 'victim');
    writeFileSync(victim, 'untouched');
    const path = victim.slice(1);
    const evil = pack(
      ...['-c', '-P', '--transform', `s,^${victim},/../../../../../../${path},`, victim],
    );
    const outcome = hawser.try(['image', 'import', '-', 'evil'], evil);
    expect(outcome.code === 0 || /^hawser: import evil:latest: /.test(outcome.stderr)).toBe(true);
    hawser.try(['image', 'rm', 'evil']);
  });

  it('import of what is no tar is refused, and leaves nothing', () => {
    const { code, stderr } = hawser.try(['image', 'import', '-', 'noise'], 'x'.repeat(2048));
    expect(code).toBe(125);
    expect(stderr).toMatch(/^hawser: import noise:latest: .*\n$/);
    expect(hawser.try(['image', 'import', '/nowhere.tar', 'noise']).stderr).toMatch(
      /^hawser: import "\/nowhere\.tar": .*no such file/i,
    );
  });
});

it('nothing is left of any of them', async () => {
  await expect.poll(() => hawser.traces(), { timeout: 5000 }).toEqual(empty);
});
