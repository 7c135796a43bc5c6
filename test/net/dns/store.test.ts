/** What the responder does to the store that it reads, which is nothing. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask } from './client.ts';
import { makeNameLab, type NameLab } from './lab.ts';

let lab: NameLab;
beforeAll(async () => {
  lab = await makeNameLab();
});
afterAll(() => lab.dispose());

it('keeps no moment of it while nobody asks: what is written over takes up no room', async () => {
  const size = () => statSync(join(lab.host.root, 'state', 'hawser.mdb')).size;
  const table = lab.store.table<string>('things');
  const write = (times: number) => {
    for (let i = 0; i < times; i++) {
      lab.store.transaction(() => table.put(`key${i % 20}`, 'x'.repeat(2000)));
    }
  };
  const { address, ...asker } = lab.container('asker', { network: 'first' });
  write(100);
  expect(ask(asker, '10.99.0.1', 'asker')?.answers).toEqual([address]);
  write(20);
  const before = size();
  write(400);
  // Of 400 writes, each of a page or three of 4 KiB, that nothing was written over of would be more.
  expect(size()).toBeLessThan(before + 1_000_000);
}, 60_000);
