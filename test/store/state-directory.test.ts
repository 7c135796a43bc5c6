import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open as openLmdb } from 'lmdb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checkDataFile } from '../../store/datafile.ts';
import { openStore } from '../../store/lmdb.ts';
import { makeProgram, run } from './program.ts';

let top = '';
let program = '';
let dir = '';
let file = '';
let count = 0;

beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), 'hawser-state-'));
  // Somebody else's process has to get to the directories it is not to read.
  chmodSync(top, 0o755);
  program = makeProgram(fileURLToPath(new URL('worker.ts', import.meta.url)), top);
});
afterAll(() => rmSync(top, { recursive: true }));
beforeEach(() => {
  dir = join(top, `state-${count++}`);
  file = join(dir, 'hawser.mdb');
});

/** What a process of its own says of the directory: a crash of it is an answer, too. */
function use(verb = 'use', ...rest: string[]): Record<string, unknown> {
  const { status, signal, stdout, stderr } = run([process.execPath, program, verb, dir, ...rest]);
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  return JSON.parse(stdout);
}

/** Fills a store so that it has pages of every kind: branches, leaves, large values, free ones. */
function makeStore(entries = 1500, removeEach = 3): void {
  const store = openStore(dir);
  const table = store.table<string>('things');
  store.transaction(() => {
    for (let i = 0; i < entries; i++) table.put(`key-${i}`, 'x'.repeat((i * 37) % 400));
    table.put('large', 'y'.repeat(20_000));
  });
  store.transaction(() => {
    for (let i = 0; i < entries; i += removeEach) table.remove(`key-${i}`);
  });
  store.close();
}

describe('a new state directory', () => {
  test('is made by the first transaction, for its owner alone', () => {
    dir = join(dir, 'deep', 'er');
    const store = openStore(dir);
    const table = store.table('things');
    expect(table.get('a')).toBeUndefined();
    expect([...table.entries()]).toEqual([]);
    expect(existsSync(dir)).toBe(false);

    store.transaction(() => table.put('a', 1));
    store.close();
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    const files = readdirSync(dir).sort();
    expect(files).toEqual(['hawser.mdb', 'hawser.mdb-lock']);
    for (const name of files) expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600);
  });

  test('may be an empty one that exists', () => {
    mkdirSync(dir);
    expect(use()).toEqual({ entries: 0 });
    expect(use()).toEqual({ entries: 1 });
  });

  test('may hold a data file that was made and never written', () => {
    mkdirSync(dir);
    writeFileSync(file, '');
    expect(use()).toEqual({ entries: 0 });
  });
});

describe('two handles of one process', () => {
  test('share what they read and write, by whatever path', () => {
    const link = `${dir}-link`;
    mkdirSync(dir);
    symlinkSync(dir, link);
    const [one, two] = [openStore(dir), openStore(link)];
    one.transaction(() => one.table('things').put('a', 1));
    expect(two.table('things').get('a')).toBe(1);
    two.transaction(() => {
      two.table('things').put('a', 2);
      one.transaction(() => one.table('things').put('b', 2));
    });
    one.close();
    one.close();
    expect(two.table('things').get('b')).toBe(2);
    two.close();
    expect(() => two.table('things').get('b')).toThrow(/is closed/);
  });

  test('see a directory that was removed and made anew', () => {
    makeStore(3);
    const store = openStore(dir);
    expect(store.table('things').get('key-1')).toBeDefined();
    rmSync(dir, { recursive: true });
    expect(store.table('things').get('key-1')).toBeUndefined();
    store.transaction(() => store.table('things').put('a', 1));
    store.close();
    expect(use('read')).toEqual({ value: 1 });
  });
});

describe('a directory is refused in a sentence', () => {
  test('when it holds the files of somebody else', () => {
    mkdirSync(dir);
    writeFileSync(join(dir, 'thesis.tex'), '');
    const refused = {
      code: 'corrupt',
      message: `${dir} is not a hawser state directory: it holds thesis.tex and no hawser.mdb`,
    };
    expect(use()).toEqual(refused);
    expect(use('read')).toEqual(refused);
    expect(readdirSync(dir)).toEqual(['thesis.tex']);
  });

  test('when it is a file, or lies below one', () => {
    writeFileSync(dir, '');
    expect(use()).toEqual({
      code: 'corrupt',
      message: `open the state directory ${dir}: not a directory`,
    });
    dir = join(dir, 'below');
    expect(use()).toMatchObject({ code: 'corrupt', message: /: not a directory$/ });
  });

  test('when its data file is a directory', () => {
    mkdirSync(file, { recursive: true });
    expect(use()).toMatchObject({ code: 'corrupt', message: expect.stringContaining(dir) });
  });

  test('when it must not be read or written', () => {
    makeStore();
    expect(use('use', 'as-nobody')).toEqual({
      code: 'permission',
      message: `open the state directory ${dir}: permission denied`,
    });
    dir = join(top, 'not-for-nobody');
    expect(use('use', 'as-nobody')).toEqual({
      code: 'permission',
      message: `create the state directory ${dir}: permission denied`,
    });
    expect(existsSync(dir)).toBe(false);
  });

  test('when its data file is of another program', () => {
    mkdirSync(dir);
    const foreign = openLmdb({ path: file, noSubdir: true });
    foreign.putSync('a', 1);
    void foreign.close();
    const before = readFileSync(file);
    expect(use()).toEqual({
      code: 'corrupt',
      message: `${file} is the data file of another program`,
    });
    expect(readFileSync(file)).toEqual(before);
  });

  test.each([
    [
      'a newer hawser',
      { product: 'hawser', format: 2 },
      /was written by a newer hawser: .* 2, .* 1$/,
    ],
    ['another product', { product: 'painter', format: 1 }, /is the data file of another program$/],
    ['who knows what', 'garbage', /is the data file of another program$/],
  ])('when it was written by %s', (_, format, message) => {
    mkdirSync(dir);
    const database = openLmdb({
      path: file,
      noSubdir: true,
      keyEncoding: 'binary',
      encoding: 'string',
    });
    database.putSync(Buffer.from('\0format'), JSON.stringify(format));
    void database.close();
    expect(use()).toMatchObject({ code: 'corrupt', message: expect.stringMatching(message) });
    expect(use('read')).toMatchObject({ code: 'corrupt' });
  });

  test('when its data file is in another format of LMDB', () => {
    makeStore();
    patch(file, 28, Buffer.of(1, 0, 0, 0));
    expect(use()).toEqual({
      code: 'corrupt',
      message: `${file} is in LMDB data format 1; this hawser reads format 2`,
    });
  });

  test.each([
    ['text', Buffer.from('not a database\n'.repeat(2000))],
    ['one byte', Buffer.of(7)],
    ['zeros', Buffer.alloc(65536)],
    ['noise', noise(65536, 1)],
  ])('when its data file is %s', (_, content) => {
    mkdirSync(dir);
    writeFileSync(file, content);
    const message = `${file} is not an LMDB data file`;
    expect(use()).toEqual({ code: 'corrupt', message });
    expect(use('read')).toEqual({ code: 'corrupt', message });
    expect(readFileSync(file)).toEqual(content);
  });

  test('when its data file was cut short, wherever', () => {
    makeStore();
    const whole = readFileSync(file);
    for (const part of [0.01, 0.1, 0.25, 0.5, 0.75, 0.9]) {
      writeFileSync(file, whole);
      truncateSync(file, Math.floor(whole.length * part));
      expect(use(), `cut at ${part}`).toMatchObject({
        code: 'corrupt',
        message: expect.stringContaining(`${file} is`),
      });
    }
  });

  test('or answered, but never with a signal, when its pages were overwritten', () => {
    makeStore(200, 40);
    const whole = readFileSync(file);
    let refusals = 0;
    for (let page = 0; page < whole.length / 4096; page++) {
      writeFileSync(file, whole);
      patch(file, page * 4096, noise(4096, page));
      try {
        checkDataFile(file);
      } catch {
        refusals++;
        continue;
      }
      // A page that nothing leads to, or the middle of a large value, which then is not JSON.
      use();
    }
    expect(refusals).toBeGreaterThan(whole.length / 4096 / 2);
  });
});

describe('an error on the disk', () => {
  test('of no space left is a sentence, and what was kept before stays', () => {
    mkdirSync(dir);
    const script = 'mount -t tmpfs -o size=256k tmpfs "$1" && exec "$2" "$3" fill "$1"';
    const { status, signal, stdout, stderr } = run([
      'unshare',
      '-m',
      'sh',
      '-c',
      script,
      'sh',
      dir,
      process.execPath,
      program,
    ]);
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      code: 'kernel',
      message: `write to the state directory ${dir}: no space left on device`,
      first: 'kept',
    });
  });

  test('of a read-only file system is a sentence, and reading goes on', () => {
    makeStore(3);
    const script =
      'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && "$2" "$3" use "$1" && "$2" "$3" read "$1"';
    const { status, signal, stdout, stderr } = run([
      'unshare',
      '-m',
      'sh',
      '-c',
      script,
      'sh',
      dir,
      process.execPath,
      program,
    ]);
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
    const [write, read] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(write).toEqual({
      code: 'permission',
      message: `open the state directory ${dir}: read-only file system`,
    });
    expect(read).toEqual({ value: null });
  });
});

function patch(path: string, position: number, bytes: Buffer): void {
  writeSync(openSync(path, 'r+'), bytes, 0, bytes.length, position);
}

/** Bytes without order, the same in every run. */
function noise(length: number, seed: number): Buffer {
  let state = seed * 2654435761 + 1;
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state >>> 24;
    }),
  );
}
