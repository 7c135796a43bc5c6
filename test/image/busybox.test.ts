import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openImages } from '../../image/images.ts';
import { memoryStore } from '../../store/memory.ts';
import { importBusybox, makeBusyboxTar } from '../support/busybox.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hawser-busybox-test-'));
});
afterEach(() => rmSync(root, { recursive: true }));

test('the machine’s busybox becomes a root filesystem that works', async () => {
  const images = openImages({ root, store: memoryStore() });
  const image = await importBusybox(images);
  expect(image.references).toEqual(['busybox:latest']);
  const [layer = ''] = images.layerPaths(image);
  const script =
    'id -un; stat -c "%a %u" /tmp /root /etc/shadow; /usr/bin/env -i /sbin/ip -V 2>&1; cat /etc/passwd | wc -l';
  const said = execFileSync('chroot', [layer, '/bin/sh', '-c', script], { encoding: 'utf8' });
  expect(said).toMatch(/^root\n1777 0\n700 0\n600 0\n.*\n6\n$/s);
});

test('the same busybox gives the same archive', () => {
  const first = readFileSync(makeBusyboxTar(root));
  expect(readFileSync(makeBusyboxTar(root)).equals(first)).toBe(true);
});

test('the script says what it lacks', () => {
  const script = join(import.meta.dirname, '../../scripts/busybox-image.sh');
  const bare = spawnSync('/bin/sh', [script, 'x.tar'], { env: { PATH: root }, encoding: 'utf8' });
  expect(bare).toMatchObject({
    status: 1,
    stderr: 'busybox-image: no busybox here (Debian: apt install busybox-static)\n',
  });
  expect(spawnSync('/bin/sh', [script], { encoding: 'utf8' }).stderr).toContain('OUT.tar');
});
