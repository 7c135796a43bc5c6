/** Containers find one another by name. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hawser, makeHawser } from '../support/hawser.ts';

let hawser: Hawser;

beforeAll(() => {
  hawser = makeHawser();
  hawser.importBusybox();
  hawser.run('network', 'create', '--subnet', '10.5.0.0/24', 'blue');
});
afterAll(() => hawser.dispose());

describe('on a network of its own', () => {
  it('the first container is found by the second, which asks at once', () => {
    hawser.run('run', '-d', '--name', 'web1', '--network', 'blue', 'busybox', 'sleep', '600');
    const asked = ['busybox', 'nslookup', 'web1'];
    const told = hawser.run('run', '--rm', '--network', 'blue', ...asked);
    expect(told).toMatch(/Address.*10\.5\.0\.2$/m);
  });
});
