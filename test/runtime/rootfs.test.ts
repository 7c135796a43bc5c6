import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLayers } from '../../runtime/rootfs.ts';

let directory: string;
const at = (layer: string, path: string): string => {
  const whole = join(directory, layer, path);
  mkdirSync(dirname(whole), { recursive: true });
  return whole;
};
const write = (layer: string, path: string, text: string): void =>
  writeFileSync(at(layer, path), text);
const link = (layer: string, path: string, target: string): void =>
  symlinkSync(target, at(layer, path));
const read = (path: string): string | undefined =>
  openLayers({
    upper: join(directory, 'upper'),
    layers: [join(directory, 'middle'), join(directory, 'lower')],
  })
    .read(path)
    ?.toString();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hawser-layers-'));
  for (const layer of ['upper', 'middle', 'lower']) mkdirSync(join(directory, layer));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('layers', () => {
  it('show the topmost file, and lower ones through merged directories', () => {
    write('lower', 'etc/passwd', 'lower');
    write('lower', 'etc/group', 'lower');
    write('upper', 'etc/passwd', 'upper');
    expect(read('/etc/passwd')).toBe('upper');
    expect(read('/etc/group')).toBe('lower');
    expect(read('/etc/shadow')).toBeUndefined();
    expect(read('/etc')).toBeUndefined();
  });

  it('do not show what an upper layer has removed', () => {
    write('lower', 'etc/passwd', 'lower');
    execFileSync('mknod', [at('upper', 'etc/passwd'), 'c', '0', '0']);
    expect(read('/etc/passwd')).toBeUndefined();
  });

  it('do not show what is below a file', () => {
    write('lower', 'opt/file', 'lower');
    write('middle', 'opt', 'a file');
    expect(read('/opt/file')).toBeUndefined();
  });

  it('show what overlayfs shows, after it has removed and replaced a directory itself', () => {
    write('lower', 'etc/passwd', 'lower');
    write('lower', 'etc/group', 'lower');
    write('lower', 'home/file', 'lower');
    const script = `
      mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none merged
      rm -r merged/etc merged/home
      mkdir merged/etc
      printf new > merged/etc/group`;
    for (const name of ['work', 'merged']) mkdirSync(join(directory, name));
    execFileSync('unshare', ['-m', 'sh', '-ec', script], { cwd: directory });

    expect(read('/etc/group')).toBe('new');
    expect(read('/etc/passwd')).toBeUndefined();
    expect(read('/home/file')).toBeUndefined();
  });

  it('resolve links within themselves, never on the host', () => {
    write('lower', 'usr/etc/passwd', 'the container’s');
    link('lower', 'etc', '/usr/etc');
    expect(read('/etc/passwd')).toBe('the container’s');

    link('lower', 'hostname', '/etc/hostname');
    link('lower', 'up', '../../../../../../../../etc/hosts');
    expect(read('/hostname')).toBeUndefined();
    expect(read('/up')).toBeUndefined();
    write('middle', 'usr/etc/hosts', 'inside');
    expect(read('/up')).toBe('inside');
  });

  it('give up on a loop of links, and read nothing but regular files', () => {
    link('lower', 'a', 'b');
    link('lower', 'b', 'a');
    execFileSync('mkfifo', [at('lower', 'fifo')]);
    expect(read('/a')).toBeUndefined();
    expect(read('/fifo')).toBeUndefined();
  });

  it('read no more of a file than any real one has', () => {
    write('upper', 'etc/passwd', 'root:x:0:0::/root:/bin/sh\n');
    truncateSync(at('upper', 'etc/passwd'), 3 * 2 ** 30);
    expect(read('/etc/passwd')).toMatch(/^root:x:0:0/);
    expect(read('/etc/passwd')).toHaveLength(16 * 2 ** 20);
  });

  it('follow a relative link and .. across layers', () => {
    write('middle', 'run/real', 'found');
    link('upper', 'var/run', '../run');
    expect(read('/var/run/real')).toBe('found');
    expect(read('/var/run/../run/./real')).toBe('found');
  });

  it('leave no descriptor open', () => {
    write('lower', 'etc/passwd', 'lower');
    const count = (): number =>
      execFileSync('ls', [`/proc/${process.pid}/fd`])
        .toString()
        .split('\n').length;
    read('/etc/passwd');
    const before = count();
    for (let i = 0; i < 20; i += 1) read('/etc/passwd');
    expect(count()).toBeLessThan(before + 20); // the test runner has descriptors of its own
  });
});
