import { execFileSync } from 'node:child_process';
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Images, openImages } from '../../image/images.ts';
import { memoryStore } from '../../store/memory.ts';
import type { Store } from '../../store/store.ts';
import { record, snapshot, tar } from './archive.ts';

let root: string;
let store: Store;
let images: Images;
let notes: string[];
let throwAt: string | undefined;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hawser-images-'));
  store = memoryStore();
  notes = [];
  throwAt = undefined;
  images = openImages({
    root,
    store,
    onNote: (note) => notes.push(note),
    onStep: (step) => {
      if (step === throwAt) throw new Error(`thrown at ${step}`);
    },
  });
});
afterEach(() => rmSync(root, { recursive: true }));

const archive = tar({ name: 'etc/', mode: 0o755 }, { name: 'etc/motd', data: 'hello' });
const stream = (bytes: Buffer = archive): Readable => Readable.from([bytes]);
const layerDirectories = (): string[] =>
  existsSync(join(root, 'layers')) ? readdirSync(join(root, 'layers')) : [];
const unused = { inUse: () => undefined };

describe('import', () => {
  test('makes an image of one layer, named by what it holds', async () => {
    const image = await images.import(stream(), 'team/web:v1', {
      config: { cmd: ['/bin/sh'], env: ['A=b'], exposedPorts: ['80/tcp'], labels: { x: 'y' } },
    });
    const { stdout } = { stdout: execFileSync('sha256sum', { input: archive }).toString() };
    expect(image).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      references: ['team/web:v1'],
      size: 5,
      layers: [stdout.slice(0, 64)],
      config: { cmd: ['/bin/sh'], env: ['A=b'], exposedPorts: ['80/tcp'], labels: { x: 'y' } },
    });
    expect(Date.now() - Date.parse(image.created)).toBeLessThan(60_000);
    expect(images.list()).toEqual([image]);
    const [layer = ''] = images.layerPaths(image);
    expect(snapshot(layer)).toEqual(['d755 etc', 'f644 etc/motd "hello"']);
    expect(statSync(layer).mode & 0o7777).toBe(0o755);
    expect(statSync(join(root, 'layers')).mode & 0o7777).toBe(0o700);
  });

  test('of a file, plain or gzipped, in pieces, shares one layer', async () => {
    const path = join(root, 'archive.tar');
    writeFileSync(path, archive);
    const halves = [archive.subarray(0, 700), archive.subarray(700)].map((half) => gzipSync(half));
    const bytes = [...gzipSync(archive)].map((byte) => Buffer.of(byte));
    const made = [
      await images.import(createReadStream(path), 'a'),
      await images.import(stream(gzipSync(archive)), 'b'),
      await images.import(stream(Buffer.concat(halves)), 'c'),
      await images.import(Readable.from(bytes), 'd'),
      await images.import(stream(), 'a'),
    ];
    expect(new Set(made.flatMap(({ layers }) => layers)).size).toBe(1);
    expect(layerDirectories()).toEqual(made[0]?.layers);
  });

  test('of the same archive at the same time', async () => {
    const made = await Promise.all(['a', 'b', 'c'].map((name) => images.import(stream(), name)));
    expect(layerDirectories()).toEqual(made[0]?.layers);
    // Those made in the same millisecond are one image.
    const named = images.list().flatMap(({ references }) => references);
    expect(named.toSorted()).toEqual(['a:latest', 'b:latest', 'c:latest']);
  });

  test('takes the name from the image that had it', async () => {
    const first = await images.import(stream(), 'web');
    const second = await images.import(stream(tar({ name: 'x' })), 'web');
    expect(images.get('web').id).toBe(second.id);
    expect(images.get(first.id).references).toEqual([]);
    expect(
      images
        .list()
        .map(({ id }) => id)
        .sort(),
    ).toEqual([first.id, second.id].sort());
  });

  test('of an archive with nothing in it', async () => {
    const image = await images.import(stream(tar()), 'scratch');
    expect(image.size).toBe(0);
    expect(readdirSync(images.layerPaths(image)[0] ?? '')).toEqual([]);
  });

  test('says what it left out', async () => {
    await images.import(stream(tar({ name: 'dev/sda', type: '4', device: [8, 0] })), 'x');
    expect(notes).toEqual([
      'import x:latest: dev/sda: left out: an image may not bring the block device 8:0',
    ]);
  });
});

describe('an import that fails leaves everything as it was', () => {
  const random = Buffer.from('f3a1'.repeat(4000), 'hex');
  const gzipped = gzipSync(tar({ name: 'noise', data: random }));
  const broken = Buffer.from(gzipped);
  broken.writeUInt32LE(0, broken.length - 8);
  async function* failing(): AsyncGenerator<Buffer, void> {
    yield archive.subarray(0, 600);
    throw new Error('the line went dead');
  }

  test.each<[what: string, source: () => Readable, code: string, sentence: string]>([
    ['an empty stream', () => Readable.from([]), 'invalid', 'the archive is empty'],
    ['text', () => stream(Buffer.from('no tar at all '.repeat(100))), 'invalid', 'header'],
    ['a truncated tar', () => stream(archive.subarray(0, 1100)), 'invalid', 'cut off'],
    [
      'a tar without end',
      () => stream(record({ name: 'a' })),
      'invalid',
      'its end mark is missing',
    ],
    [
      'a truncated gzip',
      () => stream(gzipped.subarray(0, 40)),
      'invalid',
      'gzip compression is damaged or cut off',
    ],
    [
      'a gzip with a wrong checksum',
      () => stream(broken),
      'invalid',
      'gzip compression is damaged or cut off',
    ],
    [
      'an xz',
      () => stream(Buffer.from('fd377a585a0000', 'hex')),
      'invalid',
      'compressed with xz, and only gzip is read',
    ],
    ['a zstd', () => stream(Buffer.from('28b52ffd00', 'hex')), 'invalid', 'compressed with zstd'],
    ['a bzip2', () => stream(Buffer.from('BZh91AY')), 'invalid', 'compressed with bzip2'],
    [
      'an evil name',
      () => stream(tar({ name: 'a' }, { name: '../evil' })),
      'invalid',
      '../evil: its name leads out of the root',
    ],
    [
      'a name too long',
      () => stream(tar({ name: 'x', pax: { path: 'n'.repeat(300) } })),
      'kernel',
      'nnn...: name too long',
    ],
    [
      'a source that fails',
      () => Readable.from(failing()),
      'kernel',
      'read the archive: the line went dead',
    ],
    [
      'a file that is not there',
      () => createReadStream('/no/such.tar'),
      'not-found',
      'read /no/such.tar: no such file or directory',
    ],
    [
      'a directory',
      () => createReadStream('/etc'),
      'kernel',
      'read the archive: illegal operation on a directory',
    ],
  ])('%s', async (_, source, code, sentence) => {
    const before = await images.import(stream(), 'web');
    const failed = images.import(source(), 'web');
    await expect(failed).rejects.toMatchObject({ name: 'HawserError', code });
    await expect(failed).rejects.toThrow(sentence);
    await expect(failed).rejects.toThrow(/^import web:latest: /);
    expect(images.list()).toEqual([before]);
    expect(layerDirectories()).toEqual(before.layers);
  });

  test.each(['image: unpack', 'image: keep layer', 'image: record'])(
    'a throw at "%s"',
    async (step) => {
      const before = await images.import(stream(), 'web');
      throwAt = step;
      const other = tar({ name: 'other' });
      await expect(images.import(stream(other), 'web')).rejects.toThrow(`thrown at ${step}`);
      expect(images.list()).toEqual([before]);
      expect(layerDirectories()).toEqual(before.layers);
    },
  );

  test('a bad name, before anything is read', async () => {
    const source = stream();
    await expect(images.import(source, '../x')).rejects.toMatchObject({ code: 'invalid' });
    expect(source.readableDidRead).toBe(false);
    expect(source.destroyed).toBe(true);
    expect(readdirSync(root)).toEqual([]);
  });
});

describe('get', () => {
  test('by name, tag, id and an id’s beginning', async () => {
    const image = await images.import(stream(), 'web:v1');
    const latest = await images.import(stream(), 'web');
    expect(images.get('web:v1')).toEqual(image);
    expect(images.get('web')).toEqual(latest);
    expect(images.get('web:latest')).toEqual(latest);
    expect(images.get(image.id)).toEqual(image);
    expect(images.get(`sha256:${image.id}`)).toEqual(image);
    expect(images.get(image.id.slice(0, 12))).toEqual(image);
    expect(images.get(`sha256:${image.id.slice(0, 12)}`)).toEqual(image);
  });

  test('a name goes before the beginning of an id', async () => {
    const image = await images.import(stream(), 'web');
    const beginning = image.id.slice(0, 3);
    const namesake = await images.import(stream(), beginning);
    expect(images.get(beginning).id).toBe(namesake.id);
  });

  test('a beginning of several ids is refused', async () => {
    for (let at = 0; at < 17; at++) await images.import(stream(), `web:${at}`); // 16 digits
    const digits = images.list().map(({ id }) => id.slice(0, 1));
    const twice = digits.find((digit, at) => digits.indexOf(digit) !== at) ?? '';
    expect(() => images.get(twice)).toThrow(
      `find image: ${twice} begins the ids of several images`,
    );
  });

  test.each(['web', 'web:v2', 'deadbeef', `sha256:${'0'.repeat(64)}`, '0'.repeat(64)])(
    '%s is not there',
    (ref) => {
      expect(() => images.get(ref, 'create container c')).toThrow(
        `create container c: there is no image "${ref.slice(0, 64)}`,
      );
    },
  );

  test('a malformed name is said to be one', () => {
    expect(() => images.get('../x')).toThrow('read image name "../x"');
    expect(() => images.get('')).toThrow('read image name ""');
  });
});

describe('remove', () => {
  const used = (id: string) => ({ inUse: (of: string) => (of === id ? 'web1' : undefined) });

  test('by its only name deletes the image and its layer', async () => {
    const image = await images.import(stream(), 'web');
    expect(images.remove('web', unused)).toEqual({ untagged: ['web:latest'], deleted: [image.id] });
    expect(images.list()).toEqual([]);
    expect(layerDirectories()).toEqual([]);
  });

  test('keeps a layer that another image has', async () => {
    const [first, second] = [
      await images.import(stream(), 'a'),
      await images.import(stream(), 'b'),
    ];
    images.remove('a', unused);
    expect(layerDirectories()).toEqual(first.layers);
    expect(images.layerPaths(second)).toHaveLength(1);
    images.remove(second.id.slice(0, 12), unused);
    expect(layerDirectories()).toEqual([]);
  });

  test('of an image without a name goes by id', async () => {
    const old = await images.import(stream(), 'web');
    await images.import(stream(), 'web');
    expect(images.remove(old.id, unused)).toEqual({ untagged: [], deleted: [old.id] });
  });

  test('is refused while a container uses the image', async () => {
    const { id } = await images.import(stream(), 'web');
    const refused = { code: 'in-use', hint: 'remove the container first: hawser rm web1' };
    for (const ref of ['web', id]) {
      expect(thrown(() => images.remove(ref, used(id)))).toMatchObject(refused);
    }
    expect(thrown(() => images.remove('web', used(id))).message).toBe(
      'remove image "web": container web1 uses it',
    );
    expect(images.get('web').id).toBe(id);
  });

  test('of a used image, if forced, takes its name and leaves the rest', async () => {
    const image = await images.import(stream(), 'web');
    const forced = images.remove('web', { ...used(image.id), force: true });
    expect(forced).toEqual({ untagged: ['web:latest'], deleted: [] });
    expect(images.get(image.id)).toEqual({ ...image, references: [] });
    expect(images.layerPaths(image)).toHaveLength(1);
    const byId = thrown(() => images.remove(image.id, { ...used(image.id), force: true }));
    expect(byId.code).toBe('in-use');
    expect(images.remove(image.id, unused).deleted).toEqual([image.id]);
  });

  test('of what is not there is said', () => {
    expect(thrown(() => images.remove('web', unused))).toMatchObject({ code: 'not-found' });
  });

  test('a throw at any step loses nothing that is needed', async () => {
    const kept = await images.import(stream(), 'kept');
    for (const step of ['image: remove records', 'image: set layers aside']) {
      await images.import(stream(tar({ name: step })), 'web');
      throwAt = step;
      expect(() => images.remove('web', unused)).toThrow(`thrown at ${step}`);
      throwAt = undefined;
      for (const { mend } of images.leftovers()) mend();
      expect(images.list()).toEqual([kept]);
      expect(layerDirectories()).toEqual(kept.layers);
    }
  });
});

test('an image with two names loses one by name, and goes by id only if forced', async () => {
  const image = await images.import(stream(), 'web:1');
  store.transaction(() => store.table<string>('image-names').put('web:2', image.id));
  expect(thrown(() => images.remove(image.id, unused))).toMatchObject({
    code: 'in-use',
    message: expect.stringContaining('it is known as web:1, web:2'),
  });
  const busy = { inUse: () => 'web1' };
  expect(images.remove('web:1', busy)).toEqual({ untagged: ['web:1'], deleted: [] });
  store.transaction(() => store.table<string>('image-names').put('web:1', image.id));
  expect(images.remove(image.id, { ...unused, force: true })).toEqual({
    untagged: ['web:1', 'web:2'],
    deleted: [image.id],
  });
});

test('a layer that is gone from the disk is named', async () => {
  const image = await images.import(stream(), 'web');
  const [layer = ''] = images.layerPaths(image);
  rmSync(layer, { recursive: true });
  expect(thrown(() => images.layerPaths(image))).toMatchObject({
    code: 'corrupt',
    message: expect.stringContaining(`its layer ${layer} is gone`),
  });
});

function thrown(work: () => unknown): { message: string; code?: string; hint?: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}
