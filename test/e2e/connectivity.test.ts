/** Who reaches whom, between containers that the program has started. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ask } from '../net/lab.ts';
import { HOST_ADDRESS, OUTSIDE_ADDRESS, type Place } from '../support/fakehost.ts';
import { type Hawser, makeHawser } from '../support/hawser.ts';

/** busybox has no server for UDP, so that web runs this machine's node. */
const server = new URL('../net/echo-server.mjs', import.meta.url).pathname;
const node = [
  ...['/usr', '/lib', '/lib64'].filter(existsSync).flatMap((path) => ['-v', `${path}:${path}:ro`]),
  ...['-v', `${process.execPath}:/node:ro`, '-v', `${server}:/server.mjs:ro`],
];
const WEB = '10.5.0.80';
const both = (port: string) => ['tcp', 'udp'].flatMap((protocol) => ['-p', `${port}/${protocol}`]);
const sleep = ['busybox', 'sleep', '600'];

let hawser: Hawser;
let host: Place;
let outside: Place;
let web: Place;
let neighbour: Place;

beforeAll(async () => {
  hawser = makeHawser({ uplink: true });
  host = hawser.host;
  if (hawser.host.outside === undefined) throw new Error('the host has no uplink');
  outside = hawser.host.outside;
  hawser.importBusybox();
  hawser.run('network', 'create', '--subnet', '10.5.0.0/24', 'blue');
  hawser.run('network', 'create', '--internal', '--subnet', '10.7.0.0/24', 'vault');
  const ports = [
    ...both('8080:80'),
    ...both('127.0.0.1:8081:80'),
    ...both(`${HOST_ADDRESS}:8082:80`),
    ...both('9000-9002:9000-9002'),
    ...both('8080-8090:81'), // 8080 is taken: the first free one is 8081, but for 127.0.0.1
    ...both('9000'),
  ];
  await Promise.all([
    hawser.runs(
      ...['run', '-d', '-i', '--name', 'web', '--network', 'blue', '--ip', WEB, ...ports, ...node],
      ...['busybox', '/node', '/server.mjs', 'web', '80', '81', '9000', '9002'],
    ),
    hawser.runs('run', '-d', '--name', 'neighbour', '--network', 'blue', ...sleep),
    hawser.runs('run', '-d', '--name', 'stranger', ...sleep),
    hawser.runs('run', '-d', '--name', 'inner', '--network', 'vault', ...sleep),
    hawser.runs(
      'run',
      '-d',
      '--name',
      'inmate',
      '--network',
      'vault',
      '--ip',
      '10.7.0.9',
      ...sleep,
    ),
  ]);
  web = hawser.inside('web');
  neighbour = hawser.inside('neighbour');
  await vi.waitFor(() => expect(hawser.run('logs', 'web')).toBe('ready'), { timeout: 10_000 });
});
afterAll(() => hawser.dispose());

describe('ping', () => {
  const ping = (from: string, to: string) =>
    hawser.try(['exec', from, 'ping', '-c', '1', '-W', '1', to]).code;

  it.each([
    ['neighbour', WEB, 'its neighbour'],
    ['neighbour', '10.5.0.1', 'its gateway'],
    ['neighbour', HOST_ADDRESS, 'the host'],
    ['neighbour', OUTSIDE_ADDRESS, 'the outside, which knows no way to containers'],
    ['stranger', OUTSIDE_ADDRESS, 'the outside from the default network'],
    ['inner', '10.7.0.9', 'its neighbour on an internal network'],
  ])('%s to %s: %s', (from, to) => expect(ping(from, to)).toBe(0));

  it.each([
    ['stranger', WEB, 'another network'],
    ['inner', OUTSIDE_ADDRESS, 'the outside from an internal network'],
    ['inner', WEB, 'another network from an internal one'],
    ['neighbour', '10.7.0.9', 'an internal network from another'],
  ])('not %s to %s: %s', (from, to) => expect(ping(from, to)).toBe(1));
});

describe.each(['tcp', 'udp'] as const)('a port published over %s', (protocol) => {
  const answer = (from: Place, address: string, port: number) => ask(from, protocol, address, port);
  const ephemeral = () => {
    const mapped = hawser.run('port', 'web', `9000/${protocol}`).split('\n');
    return Number(mapped.find((line) => !line.endsWith(':9000'))?.split(':')[1]);
  };

  it('answers on 127.0.0.1, the address of the host and that of the gateway', async () => {
    for (const address of ['127.0.0.1', HOST_ADDRESS, '10.5.0.1']) {
      expect(await answer(host, address, 8080)).toMatch(/^web from /);
    }
  });

  it('answers the outside, and is told who asks', async () => {
    expect(await answer(outside, HOST_ADDRESS, 8080)).toBe(`web from ${OUTSIDE_ADDRESS}`);
  });

  it('answers a neighbour, a container of another network, and the container itself', async () => {
    const stranger = hawser.inside('stranger');
    for (const from of [neighbour, stranger, web]) {
      expect(await answer(from, HOST_ADDRESS, 8080)).toMatch(/^web from /);
    }
  });

  it('of one address is not there on others', async () => {
    expect(await answer(host, '127.0.0.1', 8081)).toMatch(/^web from /);
    expect(await answer(host, HOST_ADDRESS, 8082)).toMatch(/^web from /);
    expect(await answer(host, '127.0.0.1', 8082)).toBeUndefined();
  });

  it('may be a range, the first free of several, and any that is free', async () => {
    expect(await answer(outside, HOST_ADDRESS, 9002)).toMatch(/^web from /);
    expect(await answer(outside, HOST_ADDRESS, 8083)).toMatch(/^web from /);
    expect(ephemeral()).toBeGreaterThanOrEqual(32768);
    expect(await answer(outside, HOST_ADDRESS, ephemeral())).toMatch(/^web from /);
  });
});

describe('a running container', () => {
  it('is connected to one more network, reaches it at once, and is taken off again', () => {
    const pings = () => hawser.try(['exec', 'stranger', 'ping', '-c1', '-W1', WEB]).code;
    const hosts = () => hawser.run('exec', 'stranger', 'cat', '/etc/hosts');
    expect(pings()).toBe(1);
    hawser.run('network', 'connect', '--ip', '10.5.0.33', 'blue', 'stranger');
    expect(pings()).toBe(0);
    expect(hosts()).toContain('10.5.0.33\t');
    expect(hawser.run('exec', 'stranger', 'ip', '-o', '-4', 'address', 'show', 'eth1')).toContain(
      '10.5.0.33/24',
    );
    hawser.run('network', 'disconnect', 'blue', 'stranger');
    expect(pings()).toBe(1);
    expect(hosts()).not.toContain('10.5.0.33');
    expect(hawser.run('exec', 'stranger', 'ip', '-o', 'link')).not.toContain('eth1');
  });

  it('takes its published ports along to the network that it moves to', async () => {
    hawser.run('network', 'disconnect', 'blue', 'web');
    expect(await ask(host, 'tcp', '127.0.0.1', 8080)).toBeUndefined();
    hawser.run('network', 'connect', 'bridge', 'web');
    expect(await ask(host, 'tcp', '127.0.0.1', 8080)).toMatch(/^web from /);
    expect(await ask(outside, 'udp', HOST_ADDRESS, 9002)).toMatch(/^web from /);
  });
});
