/** What a hand, a crash or a clean-up script did to running containers, mended by the program. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MNT_DETACH, umount } from '../../native/libc.ts';
import { type Hawser, makeHawser } from '../support/hawser.ts';

let hawser: Hawser;
beforeAll(() => {
  hawser = makeHawser({ uplink: true });
  hawser.importBusybox();
  hawser.run('network', 'create', 'blue');
  hawser.run('run', '-d', '--name', 'web', '--network', 'blue', 'busybox', 'sleep', '600');
});
afterAll(() => hawser.dispose());

it('damage of every kind is told, then mended, and the container runs on', () => {
  const { host, cgroup } = hawser;
  const { state, endpoints } = hawser.inspect('web');
  const [endpoint] = endpoints;
  const [bridge = ''] = /br-[0-9a-f]{12}/.exec(host.exec(['ip', '-br', 'link'])) ?? [];
  expect(hawser.run('system', 'reconcile', '--dry-run')).toBe('the kernel is as the store says');

  host.exec(['ip', 'link', 'del', bridge]);
  host.exec(['nft', 'flush', 'ruleset']);
  const stray = {
    pin: join(host.run, 'netns', 'left'),
    run: join(host.run, 'containers', 'left'),
    files: join(host.root, 'containers', 'left'),
  };
  writeFileSync(stray.pin, '');
  mkdirSync(stray.run);
  mkdirSync(stray.files);
  const hierarchies = ['', ...readdirSync('/sys/fs/cgroup')].map((name) =>
    join('/sys/fs/cgroup', name, cgroup),
  );
  mkdirSync(join(hierarchies.find(existsSync) ?? '', 'left'));

  const dry = hawser.try(['system', 'reconcile', '--dry-run']);
  const before = hawser.traces();
  expect(dry.code).toBe(1);
  expect(dry.stdout.split('\n')).toEqual(
    expect.arrayContaining([
      `bridge ${bridge} of network blue is missing`,
      `link ${endpoint?.hostIfname} of web (eth0) is no port of ${bridge}`,
      'the table inet hawser: the table is missing',
      `pinned namespace ${stray.pin} belongs to no container`,
      `run directory ${stray.run} belongs to no container`,
      `container directory ${stray.files} belongs to no container`,
      expect.stringMatching(/^cgroup .*left belongs to no container$/),
    ]),
  );
  expect(hawser.traces()).toEqual(before);
  const real = hawser.run('system', 'reconcile').split('\n');
  expect(real).toEqual(
    dry.stdout
      .trim()
      .split('\n')
      .map((line) => `mended: ${line}`),
  );
  expect(hawser.run('system', 'reconcile', '--format', 'json')).toBe('');
  host.exec(['busybox', 'ping', '-q', '-c1', '-W5', endpoint?.addresses[0]?.address ?? '']);
  expect(hawser.inspect('web').state).toEqual(state);
});

it('a namespace that was unpinned is pinned again, not given up', () => {
  const { id, state } = hawser.inspect('web');
  const before = hawser.traces();
  expect(umount(join(hawser.host.run, 'netns', id.slice(0, 16)), MNT_DETACH)).toBe(true);
  const what = 'container web: its network namespace is not pinned';
  expect(hawser.try(['system', 'reconcile', '--dry-run'])).toMatchObject({
    code: 1,
    stdout: `${what}\n`,
  });
  expect(JSON.parse(hawser.run('system', 'reconcile', '--format', 'json'))).toEqual({
    kind: 'sandbox',
    what,
  });
  expect(hawser.run('system', 'reconcile')).toBe('the kernel is as the store says');
  expect(hawser.traces()).toEqual(before);
  expect(hawser.inspect('web').state).toEqual(state);
});

it('what is behind a lost pin is mended in the same run', () => {
  const { id, endpoints } = hawser.inspect('web');
  const before = hawser.traces();
  hawser.host.exec(['ip', 'link', 'set', endpoints[0]?.hostIfname ?? '', 'down']);
  expect(umount(join(hawser.host.run, 'netns', id.slice(0, 16)), MNT_DETACH)).toBe(true);
  expect(hawser.run('system', 'reconcile').split('\n')).toEqual([
    'mended: container web: its network namespace is not pinned',
    `mended: link ${endpoints[0]?.hostIfname} of web (eth0) is down`,
  ]);
  expect(hawser.run('system', 'reconcile')).toBe('the kernel is as the store says');
  expect(hawser.traces()).toEqual(before);
});

it('what cannot be mended is told with its reason, and the rest is mended', () => {
  const { host } = hawser;
  const [bridge = ''] = /br-[0-9a-f]{12}/.exec(host.exec(['ip', '-br', 'link'])) ?? [];
  host.exec(['ip', 'link', 'del', bridge]);
  host.exec(['ip', 'link', 'add', bridge, 'type', 'bridge']);
  host.exec(['nft', 'flush', 'ruleset']);
  const { code, stdout } = hawser.try(['system', 'reconcile']);
  expect(code).toBe(1);
  expect(stdout).toContain(
    `not mended: bridge ${bridge} of network blue is not hawser's: network blue: there is an interface ${bridge} already`,
  );
  expect(stdout).toContain('mended: the table inet hawser: the table is missing');
  expect(host.exec(['ip', '-br', 'link', 'show', 'master', bridge])).toBe('');
  host.exec(['ip', 'link', 'del', bridge]);
  hawser.run('system', 'reconcile');
  expect(hawser.run('system', 'reconcile')).toBe('the kernel is as the store says');
});
