import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openStore } from '../../store/lmdb.ts';
import { finish, kill, makeProgram, start } from './program.ts';

let top = '';
let program = '';
let dir = '';
let count = 0;

beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), 'hawser-processes-'));
  program = makeProgram(fileURLToPath(new URL('worker.ts', import.meta.url)), top);
});
afterAll(() => rmSync(top, { recursive: true }));
beforeEach(() => {
  dir = join(top, `state-${count++}`);
});

const worker = (verb: string, ...rest: string[]) => [process.execPath, program, verb, dir, ...rest];

/** Bounds a step whose failure would be to wait forever. */
function soon<T>(work: Promise<T>, what: string): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`${what} takes too long`)), 15_000).unref();
  });
  return Promise.race([work, late]);
}

test('writers wait for one another and lose nothing, also when they make the store', async () => {
  const counters = Array.from({ length: 8 }, () => finish(worker('count', '25')));
  const outcomes = await soon(Promise.all(counters), 'counting');
  expect(outcomes).toEqual(
    outcomes.map(() => ({ status: 0, signal: null, stdout: '"counted"\n' })),
  );
  const store = openStore(dir);
  expect(store.table('things').get('counter')).toBe(8 * 25);
  store.close();
});

test('a store that is open sees the commits of other processes', async () => {
  const store = openStore(dir);
  const table = store.table<number>('things');
  expect(table.get('counter')).toBeUndefined();
  await finish(worker('count', '3'));
  expect(table.get('counter')).toBe(3);
  store.transaction(() => table.put('counter', 10));
  // Not even a turn of the event loop is needed.
  spawnSync(process.execPath, worker('count', '1').slice(1));
  expect(table.get('counter')).toBe(11);
  store.close();
});

describe('while another process is in the middle of a transaction', () => {
  test('readers read on, at the last commit', async () => {
    await finish(worker('count', '1'));
    const { child } = await soon(start(worker('hold')), 'the writer');
    try {
      expect(await soon(finish(worker('read')), 'reading')).toMatchObject({
        status: 0,
        stdout: '{"value":null}\n',
      });
    } finally {
      await kill(child);
    }
  });

  test('and it is killed, the next one goes on and finds nothing half done', async () => {
    const store = openStore(dir);
    const table = store.table('things');
    store.transaction(() => table.put('a', 'whole'));
    for (let round = 0; round < 3; round++) {
      const { child } = await soon(start(worker('hold')), 'the writer');
      const waiting = finish(worker('count', '1'));
      await kill(child);
      expect(await soon(waiting, 'the next writer')).toMatchObject({ status: 0 });
      expect([...table.entries()]).toEqual([
        ['a', 'whole'],
        ['counter', round + 1],
      ]);
      store.transaction(() => table.put('a', 'whole'));
    }
    store.close();
  });
});

test('what child processes would inherit is named to closeOnExec, and nothing else', () => {
  const named: number[] = [];
  const store = openStore(dir, { closeOnExec: (fd) => named.push(fd) });
  store.transaction(() => store.table('things').put('a', 1));
  const listing = spawnSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' }).stdout;
  const inherited = listing.split('\n').filter((line) => line.includes(dir));
  expect(inherited.length).toBeGreaterThan(0);
  for (const line of inherited) {
    expect(named).toContain(Number(/ (\d+) -> /.exec(line)?.[1]));
  }
  store.close();
});
