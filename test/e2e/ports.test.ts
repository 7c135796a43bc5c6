/** Published ports and events, as a person meets them. */
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../net/lab.ts';
import { HOST_ADDRESS, HOST_ADDRESS6 } from '../support/fakehost.ts';
import { type Hawser, makeHawser } from '../support/hawser.ts';

let hawser: Hawser;

beforeAll(() => {
  hawser = makeHawser({ uplink: true });
  hawser.importBusybox();
  hawser.run('network', 'create', '--ipv6', 'dual');
  hawser.host.exec(['sysctl', '-qw', 'net.bridge.bridge-nf-call-ip6tables=0']);
});
afterAll(() => hawser.dispose());

const server = ['busybox', 'nc', '-ll', '-p', '80', '-e', 'echo', 'moored'];

describe('a container on both families', () => {
  const run = (...options: string[]) => hawser.run('run', '-d', '--network', 'dual', ...options);

  it('is reached by every address, and shown with all of them', async () => {
    run('--name', 'web', '-p', '8080:80', '-p', '[::1]:8081:80', ...server);
    expect(hawser.run('port', 'web').split('\n')).toEqual([
      '80/tcp -> 0.0.0.0:8080',
      '80/tcp -> [::]:8080',
      '80/tcp -> [::1]:8081',
    ]);
    expect(hawser.run('port', 'web', '80')).toBe('0.0.0.0:8080\n[::]:8080\n[::1]:8081');
    expect(hawser.run('ps')).toContain(
      '0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, [::1]:8081->80/tcp',
    );
    const { host } = hawser;
    if (host.outside === undefined) throw new Error('the host has no uplink');
    for (const [from, address, port] of [
      [host.outside, HOST_ADDRESS, 8080],
      [host.outside, HOST_ADDRESS6, 8080],
      [host, '127.0.0.1', 8080],
      [host, '::1', 8080],
      [host, '::1', 8081],
    ] as const) {
      await expect.poll(() => ask(from, 'tcp', address, port)).toBe('moored');
    }
  });

  it('keeps its ports from a second container and from other programs, and no longer than it lives', () => {
    const second = hawser.try(['run', '--network', 'dual', '-p', '8080:80', 'busybox', 'true']);
    expect(second).toMatchObject({ code: 125, stdout: '' });
    expect(second.stderr).toContain('publish 8080:80/tcp: tcp port 8080 is published by web');
    const listen = ['timeout', '0.3', 'busybox', 'nc', '-l', '-p', '8080'];
    expect(() => hawser.host.exec(listen)).toThrow(/Address already in use|Address in use/);
    hawser.run('rm', '-f', 'web');
    expect(hawser.run('run', '--rm', '-p', '8080:80', 'busybox', 'echo', 'free')).toBe('free');
  });

  it('publishes what is exposed with -P', () => {
    run('--name', 'served', '-P', '--expose', '80', '--expose', '53/udp', ...server);
    const lines = hawser.run('port', 'served').split('\n');
    expect(lines.map((line) => line.replace(/\d+$/, 'N'))).toEqual([
      '80/tcp -> 0.0.0.0:N',
      '80/tcp -> [::]:N',
      '53/udp -> 0.0.0.0:N',
      '53/udp -> [::]:N',
    ]);
    hawser.run('rm', '-f', 'served');
  });
});

describe('hawser events', () => {
  it('tells what others do as they do it, and afterwards', async () => {
    const since = new Date().toISOString();
    const watching = hawser.spawn(['events', '--format', 'json', '-f', 'container=brief']);
    const told: string[] = [];
    createInterface(watching.stdout ?? process.stdin).on('line', (line) => {
      const { type, action } = JSON.parse(line);
      told.push(`${type} ${action}`);
    });
    // It hears what begins after it has begun to listen.
    await expect
      .poll(
        () => {
          hawser.try(['run', '--rm', '--name', 'brief', 'busybox', 'true']);
          return told.includes('container create');
        },
        { timeout: 20_000 },
      )
      .toBe(true);
    await expect.poll(() => told.at(-1)).toBe('container destroy');
    watching.kill();
    const life = [
      'container create',
      'container attach',
      'network connect',
      'container start',
      'container die',
      'network disconnect',
      'container destroy',
    ];
    expect(told.slice(-7)).toEqual(life);

    const before = hawser.run('events', '--since', since, '--until', '0s', '-f', 'container=brief');
    const lines = before.split('\n').slice(-7);
    expect(lines.map((line) => line.split(' ').slice(1, 3).join(' '))).toEqual(life);
    expect(lines[4]).toMatch(
      /^\S+Z container die [0-9a-f]{64} \(exitCode=0, image=busybox, name=brief\)$/,
    );
  });
});
