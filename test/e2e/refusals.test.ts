/** What bad input gets: one sentence, exit code 125, and nothing left behind. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hawser, makeHawser } from '../support/hawser.ts';
import { type Listener, listen } from '../support/listener.ts';
import type { Traces } from '../support/traces.ts';

const LONG = 'x'.repeat(300);
let hawser: Hawser;
let listener: Listener;
let before: Traces;

beforeAll(async () => {
  hawser = makeHawser();
  hawser.importBusybox();
  hawser.run('network', 'create', '--subnet', '10.5.0.0/24', 'blue');
  hawser.run('network', 'create', '--subnet', '10.6.0.0/30', 'full');
  hawser.run('network', 'create', '--internal', 'vault');
  const sleep = ['busybox', 'sleep', '600'];
  hawser.run('run', '-d', '--name', 'sole', '--network', 'full', ...sleep);
  const wish = ['--network', 'blue', '--ip', '10.5.0.5', '-p', '8080:80', '-p', '53:53/udp'];
  hawser.run('run', '-d', '--name', 'web1', ...wish, ...sleep);
  hawser.run('create', '--name', 'idle', '--network', 'bridge', 'busybox', 'true');
  listener = await listen(hawser.host, 'tcp', '0.0.0.0', 5000);
  before = hawser.traces();
});
afterAll(async () => {
  await listener.stop();
  hawser.dispose();
});

/** `args` with {} for a name that nobody has; `sentence` is all that is said, or matches it. */
async function refused(args: string[], sentence: string | RegExp): Promise<void> {
  const { code, stdout, stderr } = hawser.try(args);
  expect(stderr).toMatch(/^hawser: [^\n]+\n$/);
  if (typeof sentence === 'string') expect(stderr).toBe(`hawser: ${sentence}\n`);
  else expect(stderr.slice('hawser: '.length, -1)).toMatch(sentence);
  expect(stderr.length).toBeLessThan(400);
  expect({ code, stdout: stdout.replace('[]\n', '') }).toEqual({ code: 125, stdout: '' });
  // The kernel is done with a namespace some milliseconds after its end.
  await expect.poll(() => hawser.traces(), { timeout: 5000 }).toEqual(before);
}

/** Refused for `run` and `create` alike would be one test each; run has more to give back. */
const run = (...options: string[]) => ['run', '-d', '--name', 'web2', ...options, 'busybox', 'top'];
const on = (network: string, ...options: string[]) => run('--network', network, ...options);

describe('what is not there', () => {
  const noImage = 'there is no image "nope" (see: hawser image ls)';
  const noNetwork = 'there is no network "nope" (see: hawser network ls)';
  const noContainer = 'there is no container "nope" (see: hawser ps -a)';

  it.each([
    [['run', '--name', 'web2', 'nope', 'true'], `create container web2: ${noImage}`],
    [['image', 'rm', 'nope'], `remove image "nope": ${noImage}`],
    [['image', 'inspect', 'nope'], `inspect image nope: ${noImage}`],
    [on('nope'), `create container web2: ${noNetwork}`],
    [['network', 'rm', 'nope'], `remove network nope: ${noNetwork}`],
    [['network', 'inspect', 'nope'], `inspect network nope: ${noNetwork}`],
    [['network', 'connect', 'nope', 'web1'], `connect web1 to nope: ${noNetwork}`],
    [['network', 'disconnect', 'nope', 'web1'], `disconnect web1 from nope: ${noNetwork}`],
    [['network', 'connect', 'blue', 'nope'], `connect nope to blue: ${noContainer}`],
    [on('container:nope'), `create container web2: ${noContainer}`],
    [['start', 'nope'], `start nope: ${noContainer}`],
    [['exec', 'nope', 'true'], `execute in nope: ${noContainer}`],
    [['logs', 'nope'], `read the log of nope: ${noContainer}`],
    [['stop', 'nope'], `stop nope: ${noContainer}`],
    [['kill', 'nope'], `kill nope: ${noContainer}`],
    [['wait', 'nope'], `wait for nope: ${noContainer}`],
    [['rm', '-f', 'nope'], `remove nope: ${noContainer}`],
    [['inspect', 'nope'], 'inspect nope: no container, network or image is called so'],
    [on('ns:/nowhere'), /^start web2: .*\/nowhere: No such file or directory$/],
    [on('ns:/etc/passwd'), /^start web2: .*\/etc\/passwd/],
    [
      run('--mount', 'type=bind,source=/nowhere,target=/x'),
      'create container web2: there is no "/nowhere" on the host to mount',
    ],
    [run('-u', 'nobody-knows'), /nobody-knows.* in \/etc\/passwd$/],
  ])('%j', refused);
});

describe('what is not the time for it', () => {
  it.each([
    [['exec', 'idle', 'true'], 'execute in idle: it is not running'],
    [['kill', 'idle'], 'kill idle: it is not running'],
    [['attach', 'idle'], 'attach to idle: it is not running'],
    [['wait', 'idle'], 'wait for idle: it has not been started'],
    [['start', 'web1'], 'start web1: it is already running'],
    [['rm', 'web1'], 'remove web1: it is running (stop it first, or use force: hawser rm -f web1)'],
    [
      on('container:idle'),
      'start web2: container idle, whose network it joins, is not running (start that first: hawser start idle)',
    ],
    [['network', 'connect', 'blue', 'web1'], 'connect web1 to blue: it is connected already'],
    [
      ['network', 'disconnect', 'full', 'web1'],
      'disconnect web1 from full: it is not connected to it',
    ],
    [['network', 'rm', 'bridge'], 'remove network bridge: network bridge is predefined, and stays'],
  ])('%j', refused);
});

describe('what belongs to somebody else', () => {
  it.each([
    [
      ['run', '--name', 'web1', 'busybox', 'true'],
      /^create container web1: the name is taken by container [0-9a-f]{12} \(/,
    ],
    [['network', 'create', 'blue'], 'create network blue: there is a network of that name already'],
    [
      ['network', 'create', 'bridge'],
      'create network bridge: it is the default network, made at its first use',
    ],
    [
      ['network', 'create', '--subnet', '10.5.0.128/25', 'new'],
      'create network new: subnet 10.5.0.128/25 overlaps with 10.5.0.0/24 of network blue',
    ],
    [
      on('blue', '--ip', '10.5.0.5'),
      'attach web2 to blue: 10.5.0.5 is already leased to web1 (see: hawser network inspect blue)',
    ],
    [
      ['network', 'connect', '--ip', '10.5.0.5', 'blue', 'sole'],
      'attach sole to blue: 10.5.0.5 is already leased to web1 (see: hawser network inspect blue)',
    ],
    [
      on('full'),
      'attach web2 to full: no address of 10.6.0.0/30 is free: 1 is leased (see: hawser network inspect full)',
    ],
    [
      run('-p', '8080:80'),
      'attach web2 to bridge: publish 8080:80/tcp: tcp port 8080 is published by web1',
    ],
    [
      run('-p', '8075:80', '-p', '127.0.0.1:8075:81'),
      'attach web2 to bridge: publish 127.0.0.1:8075:81/tcp: tcp port 8075 is published by the same container already',
    ],
    [run('-p', '8000-8100:8000-8100'), /: tcp port 8080 is published by web1$/],
    [run('-p', '53:53/udp'), /: udp port 53 is published by web1$/],
    [
      run('-p', '127.0.0.1:5000:80'),
      /^attach web2 to bridge: publish 127\.0\.0\.1:5000:80\/tcp: tcp port 5000 is in use by node \(pid \d+\)$/,
    ],
    [['image', 'rm', 'busybox'], /^remove image "busybox": container (web1|sole|idle) uses it \(/],
    [['network', 'rm', 'blue'], /^remove network blue: container web1 is connected to it \(/],
  ])('%j', refused);
});

describe('addresses', () => {
  it.each([
    [on('blue', '--ip', '10.9.0.5'), 'attach web2 to blue: 10.9.0.5 is outside 10.5.0.0/24'],
    [
      on('blue', '--ip', '10.5.0.0'),
      'attach web2 to blue: 10.5.0.0 is the network address of 10.5.0.0/24',
    ],
    [
      on('blue', '--ip', '10.5.0.255'),
      'attach web2 to blue: 10.5.0.255 is the broadcast address of 10.5.0.0/24',
    ],
    [on('blue', '--ip', '10.5.0.1'), 'attach web2 to blue: 10.5.0.1 is the gateway of 10.5.0.0/24'],
    [
      on('blue', '--ip', '10.5.0'),
      '--ip "10.5.0": not an IPv4 address (for example --ip 10.5.0.9)',
    ],
    [
      on('host', '--ip', '10.5.0.9'),
      'create container web2: an address cannot be chosen for a container that joins the network of the host',
    ],
    [on('blue', '--mac-address', '02:42'), /^--mac-address "02:42": not a MAC address \(/],
    [
      on('blue', '--mac-address', '00:00:00:00:00:00'),
      'create container web2: MAC address "00:00:00:00:00:00" is all zero',
    ],
  ])('%j', refused);

  const create = (...options: string[]) => ['network', 'create', ...options, 'new'];
  it.each([
    ...['10.7.0.0', '10.7.0.0/33', ''].map((subnet): [string[], string | RegExp] => [
      create('--subnet', subnet),
      `create network new: ${JSON.stringify(subnet)} is not a subnet (write it as 10.5.0.0/24 or fd00:5::/64)`,
    ]),
    [
      create('--subnet', '10.7.0.9/24'),
      'create network new: 10.7.0.9/24 has bits set behind its prefix; the subnet is 10.7.0.0/24',
    ],
    [
      create('--subnet', '127.0.0.0/8'),
      'create network new: 127.0.0.0/8 cannot be used: 127.0.0.0/8 is loopback',
    ],
    [
      create('--subnet', '10.7.0.0/24', '--gateway', '10.8.0.1'),
      /^create network new: .*10\.8\.0\.1, is outside 10\.7\.0\.0\/24$/,
    ],
    [
      create('--subnet', '10.7.0.0/24', '--ip-range', '10.8.0.0/25'),
      /^create network new: .*10\.8\.0\.0\/25 .*10\.7\.0\.0\/24$/,
    ],
    [
      create('--subnet', '10.7.0.0/24', '--aux-address', 'a=10.8.0.1'),
      /^create network new: .*10\.8\.0\.1, is outside 10\.7\.0\.0\/24$/,
    ],
    [
      create('--driver', 'nope'),
      'create network new: there is no driver "nope"; there are bridge, macvlan, ipvlan',
    ],
    [
      create('-o', 'colour=blue'),
      /^create network new: network option "colour" is not known \(known are /,
    ],
  ])('%j', refused);
});

describe('ports', () => {
  it.each([
    ['http', 'publish http: http is not a port (1 to 65535)'],
    ['', 'publish "": the container port is missing'],
    ['-80:80', 'publish -80:80: "" is not a port (1 to 65535)'],
    ['80-81:80-85', 'publish 80-81:80-85: 2 host ports cannot lead to 6 container ports'],
    [
      '10.1.2.3:80:80',
      'attach web2 to bridge: publish 10.1.2.3:80:80/tcp: 10.1.2.3 is not an address of this host',
    ],
  ])('%j', (port, sentence) => refused(run('-p', port), sentence));

  it('of an internal network', async () => {
    await refused(on('vault', '-p', '80:80'), /^attach web2 to vault: .*internal/);
  });
});

describe('names', () => {
  /** Begins with the attempt, and shows the name somewhere. */
  const sentence = (attempt: string, shown: RegExp) =>
    new RegExp(`(?=.*${shown.source})${attempt}`);
  const bad: [string, RegExp][] = [
    ['../x', /\.\.\/x/],
    [LONG, /x{40}.*300 characters/],
    ['', /""/],
    ['a\tb\u001b[2J', /a\\tb\\u001b\[2J/],
  ];
  it.each(bad)('%j for a container', async (name, shown) => {
    await refused(
      ['run', `--name=${name}`, 'busybox', 'true'],
      sentence('^name a container ', shown),
    );
  });

  it.each(bad)('%j for a network', async (name, shown) => {
    await refused(
      ['network', 'create', '--', name],
      sentence('^create network .*: the name ', shown),
    );
  });

  it.each(bad.slice(1))('%j of what is asked for', async (name, shown) => {
    const text = sentence('', new RegExp(shown.source.replace('.*300 characters', '')));
    for (const command of [['network', 'rm'], ['rm'], ['image', 'rm'], ['inspect']]) {
      await refused([...command, '--', name], text);
    }
  });

  it.each([
    ['web_1', /^use "web_1" as host name: /],
    [LONG, /^use "x{40}.* as host name: /],
    ['a b', /^use "a b" as host name: /],
  ])('%j for a host', (name, sentence) => refused(run('--hostname', name), sentence));
});

describe('settings', () => {
  it.each([
    [run('-m', '1k'), /^create container web2: a memory limit of 1024 bytes is less than /],
    [run('--cpus', '999'), /^create container web2: 999 CPUs cannot be had: this host has \d+/],
    [
      run('--cpuset-cpus', '0-'),
      'create container web2: "0-" is not a list of numbers and ranges such as 0-1,3',
    ],
    [run('--cap-add', 'FLY'), /"FLY"/],
    [
      run('--sysctl', 'kernel.hostname=x'),
      'create container web2: sysctl "kernel.hostname" does not belong to a namespace, so it would change the whole host',
    ],
    [run('--sysctl', 'net.nope=1'), /^start web2: .*net\/nope/],
    [run('--tmpfs', '/t:size=many'), /^start web2: .*\/t/],
    [run('--env-file', '/nowhere'), /^--env-file \/nowhere: .*no such file/i],
    [run('--stop-signal', 'WAVE'), 'send signal "WAVE": there is no such signal'],
    [
      on('host', '--network', 'blue'),
      /^create container web2: network host cannot be combined with other networks$/,
    ],
  ])('%j', refused);
});

it('a run that is refused writes no id', async () => {
  const file = join(hawser.host.dir, 'id');
  await refused(run('--cidfile', file, '-p', '8080:80'), /is published by web1$/);
  expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe('');
});
