/** A start on a disk that is full: refused, and leaving nothing. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine } from '../../engine/engine.ts';
import { openEngine } from '../../engine/open.ts';
import { MNT_DETACH, mount, umount } from '../../native/libc.ts';
import { openCgroups } from '../../runtime/cgroup/open.ts';
import { importBusybox } from '../support/busybox.ts';
import { type FakeHost, makeFakeHost } from '../support/fakehost.ts';
import { inhabit } from '../support/inhabit.ts';

const cgroupParent = `hawser-test-${randomBytes(4).toString('hex')}`;
let host: FakeHost;
let leave: () => void;
let disk: string;
let engine: Engine;

beforeAll(async () => {
  host = makeFakeHost();
  disk = join(host.dir, 'disk');
  mkdirSync(disk);
  mount('tmpfs', disk, 'tmpfs', 0, 'size=32m');
  leave = inhabit(host.netns);
  engine = openEngine({ root: join(disk, 'root'), run: host.run, cgroupParent });
  await importBusybox(engine.images);
});
afterAll(async () => {
  try {
    await engine.system.reset();
  } finally {
    leave();
    openCgroups().remove(cgroupParent);
    umount(disk, MNT_DETACH);
    host.dispose();
  }
});

function fill(): string {
  const path = join(disk, 'fill');
  const bytes = Buffer.alloc(4096);
  try {
    for (;;) writeFileSync(path, bytes, { flag: 'a' });
  } catch {
    return path;
  }
}

const kernel = () => ({
  links: execFileSync('ip', ['-br', 'link'], { encoding: 'utf8' }).match(/^hv\w+/gm) ?? [],
  elements: execFileSync('nft', ['list', 'table', 'inet', 'hawser'], { encoding: 'utf8' }).match(
    /elements = .*/g,
  ),
  pins: readdirSync(join(host.run, 'netns')),
  directories: readdirSync(join(host.run, 'containers')),
});

it('a start that cannot be written down leaves nothing, and succeeds once there is room', async () => {
  const { id } = engine.containers.create({
    image: 'busybox',
    command: ['sleep', '300'],
    ports: ['8080:80'],
  });
  await engine.containers.start(id);
  await engine.containers.stop(id, { timeout: 0 });
  await expect.poll(() => kernel().links).toEqual([]);
  const before = kernel();

  const filler = fill();
  await expect(engine.containers.start(id)).rejects.toThrow('No space left on device');
  await expect.poll(() => kernel()).toEqual(before);

  rmSync(filler);
  expect(engine.system.reconcile()).toEqual([]);
  await engine.containers.start(id);
  expect(engine.containers.inspect(id).state.status).toBe('running');
});
