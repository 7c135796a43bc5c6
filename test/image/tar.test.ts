import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toPath } from '../../image/tar/byte-string.ts';
import { type Entry, readTar } from '../../image/tar/read.ts';
import { END, type Node, padded, paxData, record, tar } from './archive.ts';

type Read = Omit<Entry, 'data' | 'name'> & { name: string; text: string };

/** Everything an archive says, with the chunks the reader is fed being `chunk` bytes long. */
async function read(archive: Buffer, chunk = archive.length): Promise<Read[]> {
  const entries: Read[] = [];
  for await (const { data, name, ...rest } of readTar(inChunks(archive, chunk))) {
    const content = Buffer.alloc(rest.size);
    for await (const { offset, bytes } of data) bytes.copy(content, offset);
    entries.push({ ...rest, name: toPath(name).toString(), text: content.toString() });
  }
  return entries;
}

function inChunks(archive: Buffer, size: number): Readable {
  const count = Math.ceil(archive.length / Math.max(size, 1));
  return Readable.from(
    Array.from({ length: count }, (_, at) => archive.subarray(at * size, (at + 1) * size)),
  );
}

describe('an archive made by hand', () => {
  const nodes: Node[] = [
    { name: 'etc/', mode: 0o750, uid: 3, gid: 4 },
    { name: 'etc/motd', data: 'hello', mode: 0o4755, mtime: 1_234_567_890 },
    { name: 'empty' },
    { name: 'block', data: 'x'.repeat(512) },
    { name: 'etc/link', type: '2', linkname: '../motd' },
    { name: 'etc/hard', type: '1', linkname: 'etc/motd', size: 5 },
    { name: 'null', type: '3', device: [1, 3] },
    { name: 'pipe', type: '6' },
    { name: 'contiguous', type: '7', data: 'joined' },
  ];

  test.each([1, 7, 511, 512, 513, 4096, 1 << 20])(
    'is read from chunks of %i bytes',
    async (size) => {
      const entries = await read(tar(...nodes), size);
      expect(entries.map(({ type, name, text }) => [type, name, text])).toEqual([
        ['directory', 'etc/', ''],
        ['file', 'etc/motd', 'hello'],
        ['file', 'empty', ''],
        ['file', 'block', 'x'.repeat(512)],
        ['symlink', 'etc/link', ''],
        ['link', 'etc/hard', ''],
        ['character-device', 'null', ''],
        ['fifo', 'pipe', ''],
        ['file', 'contiguous', 'joined'],
      ]);
      expect(entries[0]).toMatchObject({ mode: 0o750, uid: 3, gid: 4 });
      expect(entries[1]).toMatchObject({ mode: 0o4755, mtime: 1_234_567_890, size: 5 });
      expect(entries[4]?.linkname).toBe('../motd');
      expect(entries[6]?.device).toEqual({ major: 1, minor: 3 });
    },
  );

  test('is read when the data of entries is left alone', async () => {
    const names: string[] = [];
    for await (const { name } of readTar(Readable.from([tar(...nodes)]))) names.push(name);
    expect(names).toEqual(nodes.map(({ name }) => name));
  });

  test('has its source read to the end, and past the end mark', async () => {
    const source = Readable.from([tar({ name: 'a' }), Buffer.from('trailing'), Buffer.alloc(9000)]);
    for await (const _ of readTar(source));
    expect(source.readableEnded).toBe(true);
  });

  test('has its source closed when the reading stops', async () => {
    const source = Readable.from([tar({ name: 'a' }), tar({ name: 'b' })]);
    for await (const _ of readTar(source)) break;
    expect(source.destroyed).toBe(true);
  });

  test.each(nodes.map((_, at) => at))(
    'is refused when it is cut off after entry %i',
    async (at) => {
      const whole = Buffer.concat(nodes.slice(0, at + 1).map(record));
      await expect(read(whole)).rejects.toThrow(/cut off after \d+ bytes: its end mark is missing/);
    },
  );

  test('is refused wherever it is cut off before its end mark', async () => {
    const whole = tar(...nodes);
    for (let length = 1; length < whole.length - END.length; length += 97) {
      await expect(read(whole.subarray(0, length))).rejects.toThrow('the archive was cut off');
    }
  });

  test('may end with a single block of zeros', async () => {
    expect(await read(tar({ name: 'a' }).subarray(0, -512))).toHaveLength(1);
  });
});

test.each<[what: string, archive: Buffer, sentence: string | RegExp]>([
  ['nothing', Buffer.alloc(0), 'the archive is empty'],
  ['text', Buffer.from('hello\n'.repeat(200)), /wrong checksum|is no number/],
  ['a damaged name', damaged(0), 'wrong checksum'],
  ['a damaged size', damaged(124), /wrong checksum|is no number/],
  [
    'letters for a size',
    record({ name: 'a', size: Buffer.from('abcdefghijk\0') }),
    'the size in a header is no number',
  ],
  [
    'a size beyond all measure',
    record({ name: 'a', size: Buffer.from(`80${'00'.repeat(3)}${'ff'.repeat(8)}`, 'hex') }),
    'beyond all measure',
  ],
  [
    'a negative size',
    record({ name: 'a', size: Buffer.from('ff'.repeat(12), 'hex') }),
    'has -1 bytes',
  ],
  [
    'zeros between entries',
    Buffer.concat([record({ name: 'a' }), Buffer.alloc(512), record({ name: 'b' }), END]),
    'a block of zeros stands between entries',
  ],
  [
    'an unknown kind',
    tar({ name: 'odd', type: 'Q' }),
    'odd is of a kind that is not known (typeflag Q)',
  ],
  [
    'a volume that goes on elsewhere',
    tar({ name: 'part', type: 'M' }),
    'part is of a kind that is not known',
  ],
  [
    'a pax header without end',
    tar({ name: 'x', type: 'x', data: '99 path=a\n' }),
    'a pax header is malformed',
  ],
  [
    'a pax header without length',
    tar({ name: 'x', type: 'x', data: 'path=a\n' }),
    'a pax header is malformed',
  ],
  [
    'a pax record of length 0',
    tar({ name: 'x', type: 'x', data: '0 path=a\n' }),
    'a pax header is malformed',
  ],
  [
    'a pax record without =',
    tar({ name: 'x', type: 'x', data: '8 path a\n' }),
    'a pax header is malformed',
  ],
  [
    'a huge pax header',
    tar({ name: 'x', type: 'x', size: 1 << 30 }),
    'a header goes on for 1073741824 bytes',
  ],
  ['a huge GNU name', tar({ name: 'x', type: 'L', size: 1 << 30 }), 'a header goes on for'],
  [
    'a pax size that is text',
    tar({ name: 'a', pax: { size: 'many' } }),
    'the pax keyword size is no sensible number: many',
  ],
  ['a pax size below zero', tar({ name: 'a', pax: { size: '-5' } }), 'a has -5 bytes'],
])('%s is refused', async (_, archive, sentence) => {
  await expect(read(archive)).rejects.toThrow(sentence);
  await expect(read(archive)).rejects.toMatchObject({ name: 'ArchiveError' });
});

function damaged(at: number): Buffer {
  return tar({ name: 'a', data: 'b', patch: { at, bytes: Buffer.from('9') } });
}

test('pax records overrule the header, and only of their own entry', async () => {
  const long = `${'d/'.repeat(300)}name`;
  const [first, second] = await read(
    tar(
      {
        name: 'stand-in',
        data: 'x',
        pax: { path: long, uid: '4000000', gid: '5', mtime: '1.5', comment: 'a\nb' },
      },
      { name: 'plain' },
    ),
  );
  expect(first).toMatchObject({ name: long, uid: 4_000_000, gid: 5, mtime: 1.5, text: 'x' });
  expect(second).toMatchObject({ name: 'plain', uid: 0, gid: 0, mtime: 1_000_000_000 });
});

test('global pax records hold for all entries after them', async () => {
  const global = { name: 'g', type: 'g', data: paxData({ uid: '7' }) };
  const entries = await read(tar(global, { name: 'a' }, { name: 'b', pax: { uid: '8' } }));
  expect(entries.map(({ uid }) => uid)).toEqual([7, 8]);
});

test('names and attributes keep every byte', async () => {
  const name = Buffer.from('62e4f6ff', 'hex'); // no UTF-8
  const capability = Buffer.from('0100000280000000000000000000000000000000', 'hex');
  const archive = tar({
    name: 'x',
    pax: { path: name, 'SCHILY.xattr.security.capability': capability },
  });
  for await (const entry of readTar(Readable.from([archive]))) {
    expect(toPath(entry.name)).toEqual(name);
    expect(entry.xattrs.get('security.capability')).toEqual(capability);
  }
});

test("GNU's binary numbers are read", async () => {
  const size = Buffer.from(`80${'00'.repeat(10)}03`, 'hex');
  expect((await read(tar({ name: 'a', data: 'abc', size })))[0]?.text).toBe('abc');
});

test('a V7 header is read, where only the slash tells a directory', async () => {
  const [directory, file] = await read(
    tar(
      { name: 'old/', type: '\0', magic: '' },
      { name: 'file', type: '\0', magic: '', data: 'x' },
    ),
  );
  expect(directory).toMatchObject({ name: 'old/', type: 'directory' });
  expect(file).toMatchObject({ name: 'file', type: 'file', text: 'x' });
});

describe('what GNU tar writes', () => {
  let directory: string;
  const long = `${'long/'.repeat(60)}name`;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'hawser-tar-'));
    mkdirSync(join(directory, 'in', long.slice(0, -4)), { recursive: true });
    const at = (name: string): string => join(directory, 'in', name);
    writeFileSync(at(long), 'far down');
    writeFileSync(at('holes'), Buffer.alloc(1 << 20));
    for (let part = 0; part < 40; part++) writePart(at('holes'), part * 20_480, `part ${part}`);
    truncateSync(at('holes'), (1 << 20) + 100);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  function writePart(path: string, at: number, text: string): void {
    execFileSync('dd', [`of=${path}`, 'bs=1', `seek=${at}`, 'conv=notrunc', 'status=none'], {
      input: text,
    });
  }

  test.each([
    ['gnu', []],
    ['oldgnu', []],
    ['posix', []],
    ['gnu', ['--sparse']],
    ['posix', ['--sparse', '--sparse-version=1.0']],
    ['posix', ['--sparse', '--sparse-version=0.1']],
  ])('in format %s with %j', async (format, options) => {
    execFileSync('fallocate', ['--dig-holes', join(directory, 'in', 'holes')]);
    const argv = ['--create', `--format=${format}`, ...options, '-C', join(directory, 'in'), '.'];
    const archive = execFileSync('tar', argv, { maxBuffer: 1 << 24 });
    if (options.length > 0) expect(archive.length).toBeLessThan(1 << 19);
    const entries = new Map((await read(archive)).map((entry) => [entry.name, entry]));
    expect(entries.get(`./${long}`)?.text).toBe('far down');
    const holes = entries.get('./holes');
    expect(holes?.size).toBe((1 << 20) + 100);
    for (let part = 0; part < 40; part++) {
      expect(holes?.text.slice(part * 20_480).startsWith(`part ${part}\0`)).toBe(true);
    }
  });

  test('a sparse map of format 0.0 is refused rather than misread', async () => {
    const argv = ['--create', '--format=posix', '--sparse', '--sparse-version=0.0'];
    const archive = execFileSync('tar', [...argv, '-C', join(directory, 'in'), 'holes']);
    await expect(read(archive)).rejects.toThrow('GNU 0.0');
  });
});

test.each<[what: string, pax: Record<string, string>, data: string, sentence: string]>([
  [
    'backwards',
    { 'GNU.sparse.size': '100', 'GNU.sparse.map': '50,5,0,5' },
    'x'.repeat(10),
    'malformed',
  ],
  [
    'beyond the end',
    { 'GNU.sparse.size': '10', 'GNU.sparse.map': '8,5' },
    'xxxxx',
    'beyond its end',
  ],
  [
    'of more than there is',
    { 'GNU.sparse.size': '9999', 'GNU.sparse.map': '0,5000' },
    'x',
    'less data than its map says',
  ],
  ['of words', { 'GNU.sparse.size': '9', 'GNU.sparse.map': 'a,b' }, 'x', 'malformed'],
  [
    'that is cut off',
    { 'GNU.sparse.realsize': '9', 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0' },
    '7\n1\n',
    'cut off',
  ],
  [
    'of a billion parts',
    { 'GNU.sparse.realsize': '9', 'GNU.sparse.major': '1' },
    `999999999\n${'0'.repeat(600)}`,
    'more than a million parts',
  ],
])('a sparse map %s is refused', async (_, pax, data, sentence) => {
  const archive = tar({
    name: 'holes',
    data: pax['GNU.sparse.major'] ? padded(Buffer.from(data)) : data,
    pax,
  });
  await expect(read(archive)).rejects.toThrow(sentence);
});
