/** Docker's four network modes, as their users see them. */

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hawser, makeHawser } from '../support/hawser.ts';
import type { Traces } from '../support/traces.ts';

const ADDRESS = '10.5.0.9';
const inContainer = (network: string, ...command: string[]) =>
  hawser.run('run', '--rm', '--network', network, 'busybox', ...command);
let hawser: Hawser;
let before: Traces;

beforeAll(async () => {
  hawser = makeHawser({ uplink: true });
  hawser.importBusybox();
  hawser.run('network', 'create', '--subnet', '10.5.0.0/24', 'blue');
  hawser.run('run', '--rm', 'busybox', 'true'); // the network bridge stays from its first use on
  before = await hawser.settled();
});
afterAll(() => hawser.dispose());

describe('bridge', () => {
  it('is the default: eth0 with an address of the network bridge, and a way out', () => {
    const show = 'ip -o -4 address show eth0; ip route';
    const shown = hawser.run('run', '--rm', 'busybox', 'sh', '-c', show);
    expect(shown).toMatch(/eth0 +inet 172\.17\.0\.\d+\/16 /);
    expect(shown).toContain('default via 172.17.0.1 dev eth0');
  });

  it('may be several networks: one interface each, in the order named', () => {
    const networks = ['--network', 'blue', '--network', 'bridge'];
    const show = ['sh', '-c', 'ip -o -4 address | grep eth'];
    const [first, second] = hawser.run('run', '--rm', ...networks, 'busybox', ...show).split('\n');
    expect(first).toMatch(/eth0 +inet 10\.5\.0\.\d+\/24/);
    expect(second).toMatch(/eth1 +inet 172\.17\.0\.\d+\/16/);
  });
});

it('none has lo up and nothing else', () => {
  const shown = inContainer(
    'none',
    'sh',
    '-c',
    'ip -o link; ip -o address; ip route; ping -c 1 127.0.0.1',
  );
  expect(shown.match(/^\d+: \w+/gm)).toEqual(['1: lo', '1: lo', '1: lo']);
  expect(shown).toMatch(/lo: <LOOPBACK,UP,LOWER_UP>/);
  expect(shown).toContain(' 0% packet loss');
  expect(shown).not.toContain('default');
});

describe('host', () => {
  it("has the host's links, name and files", () => {
    expect(inContainer('host', 'ip', '-o', 'link').match(/^\d+: \w+/gm)).toEqual(
      hawser.host.exec(['ip', '-o', 'link']).match(/^\d+: \w+/gm),
    );
    const show = 'hostname; cat /etc/hosts';
    const hosts = readFileSync('/etc/hosts', 'utf8').trim();
    expect(inContainer('host', 'sh', '-c', show)).toBe(`${hostname()}\n${hosts}`);
  });

  it('tells that published ports mean nothing there', () => {
    const args = ['run', '--rm', '--network', 'host', '-p', '80:80', 'busybox', 'true'];
    const { code, stderr } = hawser.try(args);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^hawser: note: .*published ports have no effect in host mode\n$/);
  });
});

describe('container', () => {
  let id: string;
  beforeAll(() => {
    id = hawser.run(
      ...['run', '-d', '--name', 'owner', '--hostname', 'owner.example', '--network', 'blue'],
      ...['--ip', ADDRESS, '-p', '8080:80', '--dns', '9.9.9.9', '--dns-search', 'example'],
      ...['--add-host', 'db:10.9.9.9', 'busybox', 'httpd', '-f', '-h', '/etc'],
    );
  });

  it.each([
    ['a name', () => 'container:owner'],
    ['the beginning of an id', () => `container:${id.slice(0, 8)}`],
    ["a namespace's path", () => `ns:${join(hawser.host.run, 'netns', id.slice(0, 16))}`],
  ])('joins by %s, and takes nothing along when it ends', (_, network) => {
    const shown = inContainer(
      network(),
      ...['sh', '-c', 'ip -o -4 address show eth0; wget -qO- http://127.0.0.1/hostname'],
    );
    expect(shown).toContain(`${ADDRESS}/24`);
    expect(shown).toContain('owner.example');
    expect(hawser.run('exec', 'owner', 'ip', '-o', '-4', 'address')).toContain(ADDRESS);
    expect(hawser.run('port', 'owner')).toBe('80/tcp -> 0.0.0.0:8080');
    expect(hawser.host.exec(['busybox', 'wget', '-qO-', 'http://127.0.0.1:8080/hostname'])).toBe(
      'owner.example\n',
    );
  });

  it("shares the owner's host name, hosts and resolv.conf, but no files else", () => {
    const files = ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'];
    const owners = hawser.run('exec', 'owner', 'cat', ...files);
    expect(owners).toMatch(/10\.9\.9\.9\tdb\n(.*\n)*10\.5\.0\.9\towner\.example owner\n/);
    hawser.run('exec', 'owner', 'touch', '/mine');
    const show = `hostname; cat ${files.join(' ')}; test ! -e /mine`;
    expect(inContainer('container:owner', 'sh', '-c', show)).toBe(`owner.example\n${owners}`);
  });

  it('of a joiner is that of the owner', () => {
    hawser.run('run', '-d', '--name', 'middle', '--network', 'container:owner', 'busybox', 'top');
    expect(inContainer('container:middle', 'ip', '-o', '-4', 'address')).toContain(ADDRESS);
    hawser.run('rm', '-f', 'middle');
    expect(hawser.run('exec', 'owner', 'ip', '-o', '-4', 'address')).toContain(ADDRESS);
  });

  it('outlives the owner with lo alone: pin, lease and port go with the owner', () => {
    hawser.run('run', '-d', '--name', 'joiner', '--network', 'container:owner', 'busybox', 'top');
    hawser.run('rm', '-f', 'owner');
    expect(hawser.run('exec', 'joiner', 'ip', '-o', 'link').match(/^\d+: \w+/gm)).toEqual([
      '1: lo',
    ]);
    expect(hawser.traces().files.filter((path) => path.startsWith('run/netns'))).toEqual([]);
    const again = ['--network', 'blue', '--ip', ADDRESS, '-p', '8080:80'];
    expect(hawser.run('run', '--rm', ...again, 'busybox', 'ip', '-o', '-4', 'address')).toContain(
      ADDRESS,
    );
    hawser.run('rm', '-f', 'joiner');
  });
});

it('nothing is left of any of them', async () => {
  await expect.poll(() => hawser.traces(), { timeout: 5000 }).toEqual(before);
});
