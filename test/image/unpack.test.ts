import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readTar } from '../../image/tar/read.ts';
import { unpack } from '../../image/unpack/unpack.ts';
import { type Node, snapshot, tar } from './archive.ts';

let place: string;
let root: string;
let outside: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'hawser-unpack-'));
  root = join(place, 'root');
  outside = join(place, 'outside');
  mkdirSync(root);
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret'), 'untouched', { mode: 0o600 });
});
afterEach(() => rmSync(place, { recursive: true }));

/** Unpacks, and returns the notes; fails if anything beside the root has changed. */
async function unpacked(...nodes: Node[]): Promise<string[]> {
  const before = lstatSync(outside);
  const notes: string[] = [];
  try {
    await unpack(readTar(Readable.from([tar(...nodes)])), root, (note) => notes.push(note));
    return notes;
  } finally {
    expect(snapshot(place).filter((line) => !line.includes(' root'))).toEqual([
      'd755 outside',
      'f600 outside/secret "untouched"',
    ]);
    expect(lstatSync(outside)).toMatchObject({ mtimeMs: before.mtimeMs, nlink: before.nlink });
    expect(lstatSync(join(outside, 'secret')).nlink).toBe(1);
  }
}

const file = (name: string, data = 'x'): Node => ({ name, data });
const symlink = (name: string, linkname: string): Node => ({ name, type: '2', linkname });
const hardlink = (name: string, linkname: string): Node => ({ name, type: '1', linkname });

describe('what an archive says is what is there', () => {
  test('files, directories, links, fifos, with owner, mode and time', async () => {
    const notes = await unpacked(
      { name: './', mode: 0o700 },
      { name: 'bin/', mode: 0o755 },
      { name: 'bin/su', data: '#!', mode: 0o4755, uid: 0, gid: 42 },
      { name: 'var/spool/', mode: 0o3777, uid: 12, gid: 34, mtime: 1000 },
      { name: 'var/spool/file', data: 'x', uid: 65534, gid: 65534, mode: 0o000 },
      symlink('sh', 'bin/su'),
      hardlink('bin/doas', 'bin/su'),
      { name: 'pipe', type: '6', mode: 0o620 },
    );
    expect(notes).toEqual([]);
    expect(snapshot(root)).toEqual([
      'd755 bin',
      'f4755 bin/doas "#!"',
      'f4755 bin/su "#!"',
      'p620 pipe',
      'l sh -> bin/su',
      'd755 var',
      'd3777 var/spool',
      'f0 var/spool/file "x"',
    ]);
    expect(lstatSync(join(root, 'bin/su'))).toMatchObject({ uid: 0, gid: 42, nlink: 2 });
    expect(lstatSync(join(root, 'var/spool'))).toMatchObject({
      uid: 12,
      gid: 34,
      mtimeMs: 1_000_000,
    });
    expect(lstatSync(join(root, 'var/spool/file'))).toMatchObject({ uid: 65534, gid: 65534 });
    expect(lstatSync(join(root, 'sh')).mtimeMs).toBe(1e12);
    expect(lstatSync(root).mode & 0o7777).toBe(0o755);
  });

  test('a umask does not matter', async () => {
    const umask = process.umask(0o077);
    try {
      await unpacked({ name: 'implied/file', mode: 0o666 }, { name: 'open/', mode: 0o777 });
    } finally {
      process.umask(umask);
    }
    expect(snapshot(root)).toEqual(['d755 implied', 'f666 implied/file ""', 'd777 open']);
  });

  test('times outside of what a disk can hold are brought into it', async () => {
    await unpacked(
      { name: 'old', pax: { mtime: '-100' } },
      { name: 'late', pax: { mtime: '99999999999999' } },
      { name: 'exact', pax: { mtime: '1234.5' } },
    );
    const time = (name: string): number => lstatSync(join(root, name)).mtimeMs;
    expect([time('old'), time('late'), time('exact')]).toEqual([0, 0x37fffffff * 1000, 1_234_500]);
  });

  test('extended attributes that belong to the file', async () => {
    const capability = Buffer.from('0100000280040000000000000000000000000000', 'hex');
    const notes = await unpacked({
      name: 'newuidmap',
      pax: {
        'SCHILY.xattr.security.capability': capability,
        'SCHILY.xattr.user.note': 'a\0b',
        'SCHILY.xattr.trusted.overlay.redirect': '/etc',
        'SCHILY.xattr.user.overlay.opaque': 'y',
        'SCHILY.xattr.security.selinux': 'x',
      },
    });
    const argv = ['--create', '--xattrs', '--xattrs-include=*', '-C', root, 'newuidmap'];
    const stored = readTar(Readable.from([execFileSync('tar', argv)]));
    for await (const { xattrs } of stored) {
      expect(Object.fromEntries(xattrs)).toEqual({
        'security.capability': capability,
        'user.note': Buffer.from('a\0b'),
      });
    }
    expect(notes).toEqual([
      'newuidmap: left out its attribute trusted.overlay.redirect: an image may not set that',
      'newuidmap: left out its attribute user.overlay.opaque: an image may not set that',
      'newuidmap: left out its attribute security.selinux: an image may not set that',
    ]);
  });

  test('an attribute that a node cannot have is left out, and said', async () => {
    const notes = await unpacked({ ...symlink('l', 'x'), pax: { 'SCHILY.xattr.user.a': 'b' } });
    expect(notes).toEqual([
      'l: left out its attribute user.a: set the attribute user.a: Operation not permitted',
    ]);
  });

  test('names that are no UTF-8, and names of every length', async () => {
    const deep = `${'d/'.repeat(150)}file`;
    await unpacked(
      { name: 'x', pax: { path: Buffer.of(0xff) }, data: 'bytes' },
      { name: 'x', pax: { path: deep }, data: 'deep' },
      { name: '@', type: 'L', data: `gnu/${'n'.repeat(200)}\0` },
      file('cut', 'gnu'),
    );
    expect(readFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xff)]), 'utf8')).toBe(
      'bytes',
    );
    expect(readFileSync(join(root, deep), 'utf8')).toBe('deep');
    expect(readFileSync(join(root, 'gnu', 'n'.repeat(200)), 'utf8')).toBe('gnu');
  });
});

describe('nothing leaves the root', () => {
  test('absolute names begin at it', async () => {
    await unpacked(file('/etc/passwd'), file('//a'), file(join(outside, 'secret'), 'mine'));
    expect(readFileSync(join(root, outside, 'secret'), 'utf8')).toBe('mine');
    expect(snapshot(root)).toContain('f644 etc/passwd "x"');
  });

  test.each(['../evil', 'a/../../evil', './../evil', '..', 'a/b/../../../root/evil'])(
    'the name %s is refused',
    async (name) => {
      await expect(unpacked(file(name))).rejects.toThrow(`${name}: its name leads out of the root`);
      expect(snapshot(root)).toEqual([]);
    },
  );

  test('.. above an absolute name stays at the root, as chroot has it', async () => {
    await unpacked(file('/../../a'), file('b/../c'));
    expect(snapshot(root)).toEqual(['f644 a "x"', 'f644 c "x"']);
  });

  test('files through links land where the container would find them', async () => {
    const up = '../'.repeat(20);
    await unpacked(
      symlink('slash', '/'),
      file('slash/one'),
      symlink('out', outside),
      file('out/two'),
      symlink('relative', `${up}${outside.slice(1)}`),
      file('relative/three'),
      symlink('a', 'b'),
      symlink('b', 'slash/c/../d'),
      file('a/four'),
    );
    expect(snapshot(root).filter((line) => line.startsWith('f'))).toEqual([
      'f644 d/four "x"',
      'f644 one "x"',
      `f644 ${outside.slice(1)}/three "x"`,
      `f644 ${outside.slice(1)}/two "x"`,
    ]);
  });

  test('an absolute link begins at the root however deep it lies, a relative one beside itself', async () => {
    await unpacked(symlink('a/b/l', '/x'), file('a/b/l/f'), symlink('a/b/r', 'x'), file('a/b/r/f'));
    expect(snapshot(root).filter((line) => line.startsWith('f'))).toEqual([
      'f644 a/b/x/f "x"',
      'f644 x/f "x"',
    ]);
  });

  test('a file named as a link replaces the link', async () => {
    await unpacked(symlink('l', join(outside, 'secret')), file('l', 'mine'));
    expect(snapshot(root)).toEqual(['f644 l "mine"']);
  });

  test('a directory named as a link replaces the link', async () => {
    await unpacked(symlink('l', outside), { name: 'l/', mode: 0o777 }, file('l/f'));
    expect(snapshot(root)).toEqual(['d777 l', 'f644 l/f "x"']);
  });

  test('a directory that becomes a link passes its time to nobody', async () => {
    await unpacked({ name: 'd/', mtime: 5 }, { name: 'd/sub/', mtime: 6 }, symlink('d', outside), {
      name: 'e/',
      mtime: 7,
    });
    expect(snapshot(root)).toEqual([`l d -> ${outside}`, 'd755 e']);
    expect(lstatSync(join(root, 'd')).mtimeMs).toBe(1e12);
  });

  test('directories that were resolved are forgotten when one becomes a link', async () => {
    await unpacked(file('d/e/one'), symlink('d', outside), file('d/e/two'));
    expect(snapshot(root).filter((line) => line.startsWith('f'))).toEqual([
      `f644 ${outside.slice(1)}/e/two "x"`,
    ]);
  });

  test.each([
    ['../outside/secret', '../outside/secret: its name leads out of the root'],
    ['a/../../outside/secret', 'its name leads out of the root'],
    ['/etc/passwd', 'h: it is a link to /etc/passwd, which is not there'],
    ['later', 'h: it is a link to later, which is not there'],
    ['', 'which is not there'],
  ])('a hard link to %j is refused', async (target, sentence) => {
    const refused = unpacked(hardlink('h', target), file('later'));
    await expect(refused).rejects.toThrow(sentence.replace(/^\.\.\S+: /, ''));
  });

  test('a hard link out of the root by way of a symlink is refused', async () => {
    const nodes = [symlink('out', outside), hardlink('h', 'out/secret')];
    await expect(unpacked(...nodes)).rejects.toThrow('out/secret, which is not there');
  });

  test('a hard link to a symlink is one to the symlink itself, and never writes through it', async () => {
    await unpacked(symlink('s', join(outside, 'secret')), hardlink('h', 's'), file('h', 'mine'));
    expect(snapshot(root)).toEqual(['f644 h "mine"', `l s -> ${join(outside, 'secret')}`]);
  });

  test('a mode given to a hard link reaches no other file', async () => {
    const secret = join(outside, 'secret');
    await unpacked(symlink('s', secret), { ...hardlink('h', 's'), mode: 0o777, uid: 5 });
    expect(lstatSync(secret)).toMatchObject({ uid: 0 });
  });

  test('a hard link to a directory, to itself, and to what it replaces', async () => {
    await unpacked(file('f', 'kept'), hardlink('f', 'f'));
    expect(snapshot(root)).toEqual(['f644 f "kept"']);
    await expect(unpacked({ name: 'd/' }, hardlink('h', 'd'))).rejects.toThrow(
      'a hard link to d, a directory',
    );
  });

  test('links in a circle are refused', async () => {
    const nodes = [symlink('a', 'b'), symlink('b', 'a'), file('a/x')];
    await expect(unpacked(...nodes)).rejects.toThrow('a/x: too many symbolic links lead to it');
  });

  test.each(['.', './', '/', 'a/..'])('the root itself, as %s, is not replaced', async (name) => {
    const nodes = [{ ...symlink(name, outside) }];
    await expect(unpacked(...nodes)).rejects.toThrow('it would replace the root');
  });
});

describe('devices', () => {
  const device = (name: string, major: number, minor: number, type = '3'): Node => ({
    name,
    type,
    device: [major, minor],
    mode: 0o666,
  });

  test('those that every container has are made; others are left out, and said', async () => {
    const notes = await unpacked(
      device('dev/null', 1, 3),
      device('dev/mem', 1, 1),
      device('dev/sda', 8, 0, '4'),
      device('dev/loop', 1, 3, '4'),
      device('hidden', 0, 0),
      hardlink('dev/disk', 'dev/sda'),
      hardlink('dev/zero', 'dev/disk'),
      hardlink('dev/nil', 'dev/null'),
    );
    expect(snapshot(root)).toEqual(['d755 dev', 'c666 dev/nil 1:3', 'c666 dev/null 1:3']);
    expect(notes).toEqual([
      'dev/mem: left out: an image may not bring the character device 1:1',
      'dev/sda: left out: an image may not bring the block device 8:0',
      'dev/loop: left out: an image may not bring the block device 1:3',
      'hidden: left out: an image may not bring the character device 0:0',
      'dev/disk: left out: it is a link to a device that was',
      'dev/zero: left out: it is a link to a device that was',
    ]);
  });

  test('one that is left out still replaces what had its name', async () => {
    await unpacked(file('sda'), device('sda', 8, 0, '4'));
    expect(snapshot(root)).toEqual([]);
  });
});

describe('the last of several entries of one name stands', () => {
  test('file over file, through no hard link', async () => {
    await unpacked(file('a', 'long text'), hardlink('b', 'a'), file('a', 'new'));
    expect(snapshot(root)).toEqual(['f644 a "new"', 'f644 b "long text"']);
  });

  test('file over directory, with all that was in it', async () => {
    await unpacked(file('d/e/f'), file('d', 'file'));
    expect(snapshot(root)).toEqual(['f644 d "file"']);
  });

  test('directory over file', async () => {
    await unpacked(file('d', 'file'), { name: 'd/', mode: 0o711 }, file('d/f'));
    expect(snapshot(root)).toEqual(['d711 d', 'f644 d/f "x"']);
  });

  test('directory over directory merges, and takes the new attributes', async () => {
    await unpacked({ name: 'd/', mode: 0o700 }, file('d/f'), {
      name: 'd/',
      mode: 0o751,
      uid: 9,
      mtime: 8,
    });
    expect(snapshot(root)).toEqual(['d751 d', 'f644 d/f "x"']);
    expect(lstatSync(join(root, 'd'))).toMatchObject({ uid: 9, mtimeMs: 8000 });
  });

  test('but a file is no parent', async () => {
    await expect(unpacked(file('a'), file('a/b'))).rejects.toThrow('a/b: a is not a directory');
  });
});

describe('what cannot be had is refused by name', () => {
  test.each<[what: string, nodes: Node[], sentence: string]>([
    [
      'a size of 16 TiB and no data',
      [{ name: 'huge', size: Buffer.from(`80${'00'.repeat(4)}00100000000000`, 'hex') }],
      'huge: the archive was cut off',
    ],
    ['a component of 256 bytes', [{ name: 'x', pax: { path: 'n'.repeat(256) } }], 'name too long'],
    ['a path of 5,000 bytes', [{ name: 'x', pax: { path: 'dir/'.repeat(1250) } }], 'name too long'],
    ['a NUL in a name', [{ name: 'x', pax: { path: 'a\0b' } }], 'a\\u0000b: its name holds a NUL'],
    [
      'a NUL in a target',
      [{ ...symlink('x', ''), pax: { linkpath: 'a\0b' } }],
      'x: its target holds a NUL',
    ],
    ['a symlink to nothing', [symlink('x', '')], 'x: no such file or directory'],
    [
      'an owner below zero',
      [{ name: 'x', pax: { uid: '-1' } }],
      'x: -1 is no number of a user or group',
    ],
    [
      'an owner that means none',
      [{ name: 'x', pax: { gid: '4294967295' } }],
      'x: 4294967295 is no number of a user',
    ],
    ['half an owner', [{ name: 'x', pax: { uid: '1.5' } }], 'x: 1.5 is no number of a user'],
    [
      'a control character in a bad name',
      [file('../\u001b[2J')],
      '../\\u001b[2J: its name leads out',
    ],
  ])('%s', async (_, nodes, sentence) => {
    const before = process.memoryUsage().rss;
    await expect(unpacked(...nodes)).rejects.toThrow(sentence);
    expect(process.memoryUsage().rss - before).toBeLessThan(1 << 28);
  });
});

describe('whiteouts', () => {
  /** What a container would see of the layer over another one, `find`'s way. */
  function seenOver(lower: Record<string, string>): string[] {
    const below = join(place, 'below');
    const merged = join(place, 'merged');
    mkdirSync(merged);
    for (const [name, text] of Object.entries(lower)) {
      mkdirSync(join(below, name, '..'), { recursive: true });
      writeFileSync(join(below, name), text);
    }
    const script =
      'mount -t overlay overlay -o "lowerdir=$1:$2" "$3" && cd "$3" && find . -type f | sort';
    const argv = ['--mount', 'sh', '-c', script, 'sh', root, below, merged];
    const seen = execFileSync('unshare', argv, { encoding: 'utf8' });
    rmSync(below, { recursive: true });
    rmSync(merged, { recursive: true });
    return seen.trimEnd().split('\n');
  }

  test('hide what the layers below have, and nothing of their own layer', async () => {
    await unpacked(
      file('.wh.gone'),
      file('d/.wh.gone'),
      file('own'),
      file('.wh.own'),
      file('opaque/kept'),
      file('opaque/.wh..wh..opq'),
      file('.wh.again'),
      { name: 'again/' },
      file('again/new'),
      file('both/new'),
      file('.wh.both'),
    );
    const lower = Object.fromEntries(
      ['gone', 'd/gone', 'd/stays', 'own', 'opaque/hidden', 'again/old', 'both/old', 'stays'].map(
        (name) => [name, 'below'],
      ),
    );
    expect(seenOver(lower)).toEqual([
      './again/new',
      './both/new',
      './d/stays',
      './opaque/kept',
      './own',
      './stays',
    ]);
    expect(snapshot(root)).toContain('c0 gone 0:0');
    expect(snapshot(root).join('\n')).not.toContain('.wh.');
  });

  test("AUFS's book-keeping is not unpacked", async () => {
    await unpacked(file('.wh..wh.aufs'), { name: '.wh..wh.plnk/' }, file('.wh..wh.plnk/1.2'));
    expect(snapshot(root)).toEqual([]);
  });

  test.each(['.wh.', '.wh..', '.wh...', 'd/.wh...'])('%s is refused', async (name) => {
    await expect(unpacked(file(name))).rejects.toThrow('it is a whiteout of nothing');
  });
});
