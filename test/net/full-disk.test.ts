/** Kernel work whose transaction cannot be written down: taken back before the failure is told. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openIpam } from '../../ipam/ipam.ts';
import { MNT_DETACH, mount, umount } from '../../native/libc.ts';
import { type Networking, openNetworking } from '../../net/networking.ts';
import { parsePort } from '../../net/ports/parse.ts';
import { openStore } from '../../store/lmdb.ts';
import type { Store } from '../../store/store.ts';
import { linksOf } from './drivers/conformance.ts';
import { type Lab, makeLab, refusal } from './lab.ts';

let lab: Lab;
let disk: string;
let store: Store;
let networking: Networking;

beforeAll(() => {
  lab = makeLab({ uplink: true });
  disk = join(lab.host.dir, 'disk');
  mkdirSync(disk);
  mount('tmpfs', disk, 'tmpfs', 0, 'size=2m');
  store = openStore(join(disk, 'state'));
  networking = openNetworking({ store, ipam: openIpam(store) });
  lab.host.inside(() => networking.networks.create({ name: 'blue' }));
});
afterAll(async () => {
  networking.close();
  store.close();
  umount(disk, MNT_DETACH);
  await lab.dispose();
});

function fill(): string {
  const path = join(disk, 'fill');
  try {
    for (;;) writeFileSync(path, Buffer.alloc(4096), { flag: 'a' });
  } catch {
    return path;
  }
}

it('an attach, a new network and a policy leave nothing, and succeed once there is room', () => {
  const { id, path, ...there } = lab.sandbox('web');
  const attach = () =>
    networking.attach({
      ...{ network: 'blue', owner: 'web', sandbox: { id, path } },
      ports: ['8080:80', '9000-9099:9000-9099'].map(parsePort),
    });
  const works: (() => unknown)[] = [
    attach,
    () => networking.networks.create({ name: 'green' }),
    () => networking.networks.policy.setDefault('blue', 'deny'),
  ];
  const kernel = () => [
    linksOf(lab.host),
    lab.host.exec(['nft', 'list', 'ruleset']),
    linksOf(there),
  ];
  const before = kernel();
  const filler = fill();
  for (const work of works) {
    const error = refusal(() => lab.host.inside(work));
    expect(error.message).toMatch(/No space left on device/i);
    expect(kernel()).toEqual(before);
  }
  rmSync(filler);
  expect(lab.host.inside(() => networking.reconcile())).toEqual([]);
  for (const work of works) lab.host.inside(work);
  expect(linksOf(there)).toEqual(['lo', 'eth0']);
});
