import { mkdirSync, mkdtempSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Ipam, openIpam } from '../../ipam/ipam.ts';
import { openStore } from '../../store/lmdb.ts';
import type { Store } from '../../store/store.ts';
import { finish, kill, makeProgram, start } from '../store/program.ts';

let top = '';
let argv: string[] = [];
let witness = '';
let store: Store;
let ipam: Ipam;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'hawser-leases-'));
  const program = makeProgram(fileURLToPath(new URL('worker.ts', import.meta.url)), top);
  const state = join(top, 'state');
  witness = join(top, 'witness');
  mkdirSync(witness);
  argv = [process.execPath, program, state, witness];
  store = openStore(state);
  ipam = openIpam(store);
  // Thirteen addresses for twenty processes: whoever comes to a full pool finds it full.
  ipam.addPool({ id: 'p', subnet: '10.5.0.0/28' });
});
afterEach(() => {
  store.close();
  rmSync(top, { recursive: true });
});

/** Every address is free or leased, and the free ones are one gap again when all is given back. */
function expectWhole(): void {
  for (const { owner } of [...ipam.leases('p')]) ipam.release('p', owner);
  expect(Array.from(store.table('gaps').entries(), ([key, last]) => [key, last])).toEqual([
    ['p\u00000a050002', '0a05000e'],
  ]);
  expect([...store.table('held').entries()]).toEqual([]);
  expect([...store.table('owners').entries()]).toEqual([]);
}

test('twenty processes at once never hold one address twice, and leave nothing', async () => {
  const workers = Array.from({ length: 20 }, (_, i) => finish([...argv, `w${i}`, '8']));
  const outcomes = await Promise.all(workers);
  let taken = 0;
  for (const { status, signal, stdout } of outcomes) {
    expect({ status, signal }).toEqual({ status: 0, signal: null });
    const counts = JSON.parse(stdout.split('\n')[1] ?? '');
    expect(counts.taken + counts.full).toBe(8);
    taken += counts.taken;
  }
  expect(taken).toBeGreaterThan(80);
  expect([...ipam.leases('p')]).toEqual([]);
  expectWhole();
}, 120_000);

test('processes killed at any moment leave leases that can be reclaimed, and nothing half done', async () => {
  for (let round = 0; round < 4; round++) {
    const workers = await Promise.all(
      Array.from({ length: 5 }, (_, i) => start([...argv, `r${round}w${i}`, '1000000'])),
    );
    await new Promise((resolve) => setTimeout(resolve, 40 + 35 * round));
    await Promise.all(workers.map(({ child }) => kill(child)));
    // Witnesses of the killed; their addresses are not handed out before they are reclaimed.
    for (const file of readdirSync(witness)) {
      expect(ipam.holderOf('p', file)?.owner).toMatch(`r${round}`);
      unlinkSync(join(witness, file));
    }
    // As a writer: a commit whose process was killed before it told of it is seen by the next writer.
    const leased = store.transaction(() => [...ipam.leases('p')]);
    expect(ipam.reclaim('p', () => false)).toEqual(leased);
    expect([...ipam.leases('p')]).toEqual([]);
    expectWhole();
  }
}, 120_000);
