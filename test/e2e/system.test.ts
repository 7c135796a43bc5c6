/** hawser as a guest of the host: what it says of it, mends on it, and leaves on it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Hawser, makeHawser } from '../support/hawser.ts';
import type { Traces } from '../support/traces.ts';

let hawser: Hawser;
let untouched: Traces;

beforeAll(() => {
  hawser = makeHawser({ uplink: true });
  untouched = hawser.traces();
});
afterAll(() => hawser.dispose());

it('looking makes nothing', () => {
  expect(hawser.run('ps', '-q')).toBe('');
  expect(hawser.run('network', 'ls', '-q').split('\n')).toHaveLength(3);
  expect(JSON.parse(hawser.run('system', 'info', '--format', 'json'))).toMatchObject({
    root: hawser.host.root,
    containers: { running: 0, created: 0, exited: 0 },
    features: expect.arrayContaining([
      expect.objectContaining({ name: 'nf_tables', available: true }),
      expect.objectContaining({ name: 'macvlan', available: true }),
      expect.objectContaining({ name: 'ipvlan', available: expect.any(Boolean) }),
      expect.objectContaining({ name: 'VLAN', available: expect.any(Boolean) }),
    ]),
  });
  expect(hawser.traces()).toEqual(untouched);
});

it('forwarding is switched on by who needs it first, who says so', () => {
  const forwards = () => hawser.host.exec(['cat', '/proc/sys/net/ipv4/ip_forward']).trim();
  hawser.importBusybox();
  hawser.run('run', '--rm', '--network', 'none', 'busybox', 'true');
  hawser.run('network', 'create', '--internal', 'vault');
  expect(forwards()).toBe('0');
  expect(hawser.try(['network', 'create', 'blue']).stderr).toBe(
    'hawser: note: net.ipv4.ip_forward was switched on, which network blue needs\n',
  );
  expect(forwards()).toBe('1');
  expect(hawser.try(['network', 'create', 'green']).stderr).toBe('');
});

it('a container dies with its monitor, is known to be dead, and leaves what reconcile mends', async () => {
  const args = ['--name', 'web1', '--network', 'blue', '-p', '8080:80', 'busybox', 'sleep', '600'];
  const id = hawser.run('run', '-d', ...args);
  const pids = join(hawser.host.run, 'containers', id.slice(0, 16), 'pid');
  const { monitor } = JSON.parse(readFileSync(pids, 'utf8'));
  process.kill(monitor.pid, 'SIGKILL');
  await expect.poll(() => hawser.run('ps', '-q'), { timeout: 5000 }).toBe('');
  expect(hawser.inspect('web1').state).toMatchObject({
    status: 'exited',
    exitCode: 137,
    error: 'its monitor was killed',
  });
  const difference = 'container web1: its process is gone';
  expect(hawser.try(['system', 'reconcile', '--dry-run'])).toMatchObject({
    code: 1,
    stdout: `${difference}\n`,
  });
  expect(hawser.run('system', 'reconcile')).toBe(`mended: ${difference}`);
  expect(hawser.run('system', 'reconcile', '--dry-run')).toBe('the kernel is as the store says');
  expect(hawser.inspect('web1').endpoints).toEqual([]);
  hawser.run('start', 'web1');
  expect(hawser.run('port', 'web1')).toBe('80/tcp -> 0.0.0.0:8080');
});

it('a flushed firewall is loaded anew', () => {
  // A set lists what it holds in any order.
  const ruleset = () =>
    hawser.host
      .exec(['nft', 'list', 'ruleset'])
      .split(/[\n,{}]/)
      .map((text) => text.replace('elements =', '').trim())
      .toSorted();
  const before = ruleset();
  expect(before.join('\n')).toContain('tcp . 8080');
  hawser.host.exec(['nft', 'flush', 'ruleset']);
  expect(hawser.run('system', 'reload')).toBe('');
  expect(ruleset()).toEqual(before);
});

it('reset leaves the host as it was found', async () => {
  hawser.run('system', 'reset', '--force');
  await expect.poll(() => hawser.traces(), { timeout: 5000 }).toEqual(untouched);
  expect([hawser.host.root, hawser.host.run].filter(existsSync)).toEqual([]);
  const hierarchies = readdirSync('/sys/fs/cgroup').map((name) => join('/sys/fs/cgroup', name));
  expect(
    ['/sys/fs/cgroup', ...hierarchies].filter((path) => existsSync(join(path, hawser.cgroup))),
  ).toEqual([]);
});
