import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NetworkSpec } from '../../net/request.ts';
import { ask, type Lab, makeLab, refusal } from './lab.ts';

let lab: Lab;
beforeEach(() => {
  lab = makeLab({ uplink: true });
  lab.networking.pools.set([{ base: '10.0.0.0/22', size: 24 }]);
});
afterEach(() => lab.dispose());

const create = (spec: NetworkSpec) => lab.host.inside(() => lab.networking.networks.create(spec));
const subnet = (name: string) => create({ name }).subnets[0]?.subnet;

describe('the default pools', () => {
  it('are cut in order, the first piece kept for the network bridge', () => {
    expect(['a', 'b'].map(subnet)).toEqual(['10.0.1.0/24', '10.0.2.0/24']);
    const bridge = lab.host.inside(() => lab.networking.networks.ensureDefault());
    expect(bridge.subnets[0]?.subnet).toBe('10.0.0.0/24');
    expect(subnet('c')).toBe('10.0.3.0/24');
    expect(lab.networking.pools.list()[0]).toEqual({
      base: '10.0.0.0/22',
      size: 24,
      subnets: 4,
      networks: expect.arrayContaining(['a', 'b', 'bridge', 'c']),
    });
  });

  it('that are full are refused by who holds them, networks and routes of the host', () => {
    lab.host.exec(['ip', 'addr', 'add', '10.0.3.7/25', 'dev', 'eth0']);
    lab.host.inside(() => lab.networking.networks.ensureDefault());
    create({ name: 'a' });
    create({ name: 'b', subnets: [{ subnet: '10.0.2.128/28' }] });
    const before = lab.snapshot();
    const full = refusal(() => create({ name: 'c' }));
    expect(full.code).toBe('exhausted');
    expect(full.message).toMatch(
      /^create network c: no subnet of the default pools 10\.0\.0\.0\/22 is free: /,
    );
    for (const holder of [
      '10.0.0.0/24 by network bridge',
      '10.0.1.0/24 by network a',
      '10.0.2.128/28 by network b',
      '10.0.3.0/25 by the route to 10.0.3.0/25 on eth0',
    ]) {
      expect(full.message).toContain(holder);
    }
    expect(lab.snapshot()).toEqual(before);
    lab.host.inside(() => lab.networking.networks.remove('a'));
    expect(subnet('c')).toBe('10.0.1.0/24');
  });

  it('name no more than five holders', () => {
    lab.networking.pools.set([{ base: '10.0.0.0/24', size: 27 }]);
    for (const name of 'abcdefg') create({ name });
    expect(refusal(() => create({ name: 'x' })).message).toMatch(/ and 3 more$/);
  });
});

describe("the host's routes", () => {
  it('are looked at on its links alone, and can be left out of account', async () => {
    lab.host.exec(['ip', 'addr', 'add', '10.5.0.1/16', 'dev', 'eth0']);
    const spec = { name: 'blue', subnets: [{ subnet: '10.5.7.0/24' }] };
    const { message, hint } = refusal(() => create(spec));
    expect(message).toContain('of the route to 10.5.0.0/16 on eth0');
    expect(hint).toContain('--ignore-host-routes');
    create({ ...spec, ignoreHostRoutes: true });
    const web = lab.container('web', { network: 'blue' });
    await lab.serve(web, 'web', 80);
    await expect
      .poll(() => ask(lab.host, 'tcp', web.address, 80))
      .toMatch(/^web from 10\.5\.7\.1$/);
    const again = { name: 'red', subnets: [{ subnet: '10.5.0.0/20' }], ignoreHostRoutes: true };
    expect(refusal(() => create(again)).message).toBe(
      'create network red: subnet 10.5.0.0/20 overlaps with 10.5.7.0/24 of network blue',
    );
  });
});
