import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { expect, test } from 'vitest';

test('the guest runs a kernel of its own', () => {
  expect(release()).toMatch(/-cloud-amd64$/);
});

test('the guest has cgroup v2 with every controller that limits need, and v1 with none', () => {
  const controllers = readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8').trim().split(' ');
  expect(controllers).toEqual(expect.arrayContaining(['cpu', 'cpuset', 'io', 'memory', 'pids']));
  expect(readFileSync('/proc/mounts', 'utf8')).not.toMatch(/ cgroup /);
});
