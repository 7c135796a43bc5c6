import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Images, openImages } from '../../image/images.ts';
import { openStore } from '../../store/lmdb.ts';
import type { Store } from '../../store/store.ts';
import { kill, makeProgram, run, start } from '../store/program.ts';
import { snapshot, tar } from './archive.ts';

let place: string;
let program: string;
let archive: string;
let root: string;
let store: Store;
let images: Images;

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'hawser-images-'));
  program = makeProgram(join(import.meta.dirname, 'worker.ts'), place);
  archive = join(place, 'archive.tar');
  const files = Array.from({ length: 50 }, (_, at) => ({ name: `f${at}`, data: `${at}` }));
  writeFileSync(archive, tar({ name: 'etc/motd', data: 'hello' }, ...files));
});
afterAll(() => rmSync(place, { recursive: true }));

beforeEach(() => {
  root = mkdtempSync(join(place, 'root-'));
  store = openStore(join(root, 'state'));
  images = openImages({ root, store });
});
afterEach(() => {
  store.close();
  rmSync(root, { recursive: true });
});

const argv = (...args: string[]): string[] => [process.execPath, program, ...args];
const inUse = (): undefined => undefined;

/** Names of images and all of the layers' files. */
function state(): unknown {
  const layers = join(root, 'layers');
  return {
    images: images.list().map(({ id, references }) => ({ id, references })),
    layers: existsSync(layers) ? snapshot(layers) : [],
  };
}

function expectKilled(args: string[]): void {
  expect(run(argv(...args))).toMatchObject({ signal: 'SIGKILL', stderr: '' });
}

/** Finds all first, as reconcile does. */
function mend(): string[] {
  return images.leftovers().map(({ what, mend }) => {
    mend();
    return what;
  });
}

describe('killed with -9, and mended', () => {
  test.each(['middle', 'image: unpack', 'image: keep layer', 'image: record'])(
    'an import that dies at "%s" leaves nothing',
    async (step) => {
      await images.import(Readable.from([tar({ name: 'other' })]), 'kept');
      const before = state();
      expectKilled(['import', root, archive, 'kept', step]);
      expect(images.list()).toHaveLength(1);
      expect(readdirSync(join(root, 'layers')).length).toBeGreaterThan(1);
      expect(mend()).toContainEqual(
        expect.stringMatching(/is left of an import or removal that did not end$/),
      );
      expect(state()).toEqual(before);
      expect(mend()).toEqual([]);
    },
  );

  test('the next import sweeps by itself', async () => {
    expectKilled(['import', root, archive, 'a', 'middle']);
    await images.import(Readable.from([tar({ name: 'x' })]), 'b');
    expect(readdirSync(join(root, 'layers'))).toHaveLength(1);
  });

  test('a removal that dies before its commit has not been', async () => {
    await images.import(Readable.from([tar({ name: 'x' })]), 'a');
    const before = state();
    expect(() =>
      images.remove('a', {
        inUse: () => {
          throw new Error('interrupted');
        },
      }),
    ).toThrow('interrupted');
    expect(state()).toEqual(before);
  });

  test.each(['image: remove records', 'image: set layers aside'])(
    'a removal that dies at "%s" is completed',
    async (step) => {
      await images.import(Readable.from([tar({ name: 'x' })]), 'kept');
      const before = state();
      expect(run(argv('import', root, archive, 'a'))).toMatchObject({ status: 0, stderr: '' });
      expectKilled(['remove', root, 'a', step]);
      expect(images.list()).toHaveLength(1);
      expect(mend()).toHaveLength(1);
      expect(state()).toEqual(before);
    },
  );
});

test('mending leaves the import of a living process alone', async () => {
  const { child } = await start(argv('linger', root, 'slow'));
  try {
    const layers = join(root, 'layers');
    expect(readdirSync(layers)).toHaveLength(1);
    expect(mend()).toEqual([]);
    expect(readdirSync(layers)).toHaveLength(1);
  } finally {
    await kill(child);
  }
  expect(mend()).toHaveLength(1);
  expect(readdirSync(join(root, 'layers'))).toEqual([]);
});

test('many processes that import and remove the same archive do not get in each other’s way', async () => {
  const workers = await Promise.all(
    Array.from({ length: 5 }, () => start(argv('churn', root, archive, '8'))),
  );
  expect(workers.map(({ line }) => line)).toEqual(Array(5).fill('done'));
  expect(images.list()).toEqual([]);
  expect(readdirSync(join(root, 'layers'))).toEqual([]);
}, 120_000); // each import waits until all that is dirty on the file system is on the disk

test('an image that is there survives others’ sweeps and removals of the same layer', async () => {
  expect(run(argv('import', root, archive, 'mine')).status).toBe(0);
  expect(run(argv('churn', root, archive, '2')).stdout).toBe('done\n');
  const [layer = ''] = images.layerPaths(images.get('mine'));
  expect(snapshot(layer)).toContain('f644 etc/motd "hello"');
  images.remove('mine', { inUse });
  expect(images.list()).toEqual([]);
});
