/** What the library says of networks: their traffic, and which of them may go. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mayGo } from '../../engine/prune-filter.ts';
import { type Lab, makeLab } from './lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await makeLab();
});
afterAll(() => lab.dispose());

it('a network and each endpoint come with their counters', async () => {
  const { containers, networks } = lab.engine;
  const { id } = networks.create({ name: 'blue' });
  const make = (name: string, command: string[]) =>
    containers.create({ image: 'busybox', name, command, networks: ['blue'] }).id;
  await containers.start(make('web', ['sleep', '1000']));
  await containers.start(make('caller', ['ping', '-c', '1', 'web']));
  expect(await containers.wait('caller')).toMatchObject({ code: 0 });

  const { counters, endpoints } = networks.inspect('blue');
  const web = endpoints.find(({ owner }) => owner === 'web');
  expect(web?.counters?.rx.packets).toBeGreaterThan(0);
  expect(web?.counters?.tx.bytes).toBeGreaterThan(0);
  expect(counters).toEqual(networks.counters().get(id));
  expect(networks.inspect('host').counters).toBeUndefined();
  expect(networks.inspect('bridge').counters).toBeUndefined(); // before its first use
  for (const name of ['web', 'caller']) await containers.remove(name, { force: true });
});

it('unused networks go as the filters say', () => {
  const { networks } = lab.engine;
  networks.create({ name: 'old', labels: { tier: 'a' } });
  networks.create({ name: 'kept', labels: { tier: 'a', keep: '' } });
  const named = (pruned: { name: string }[]) => pruned.map(({ name }) => name).sort();
  expect(named(networks.prune({ until: new Date(Date.now() - 60_000) }))).toEqual([]);
  expect(named(networks.prune({ label: ['tier=b'] }))).toEqual([]);
  expect(named(networks.prune({ label: ['tier=a'], withoutLabel: ['keep'] }))).toEqual(['old']);
  expect(named(networks.prune())).toEqual(['blue', 'kept']);
});

it.each([
  [{}, true],
  [{ until: new Date('2026-01-02') }, true],
  [{ until: new Date('2026-01-01') }, false],
  [{ label: ['a'] }, true],
  [{ label: ['a=1', 'b'] }, true],
  [{ label: ['a=1', 'c'] }, false],
  [{ withoutLabel: ['a=2'] }, true],
  [{ withoutLabel: ['a=2', 'b'] }, false],
])('%j', (filters, goes) => {
  const network = { created: '2026-01-01T00:00:00Z', labels: { a: '1', b: '' } };
  expect(mayGo(network, filters)).toBe(goes);
});
