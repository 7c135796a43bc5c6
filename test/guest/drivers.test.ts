/** Drivers that only some kernels have: ipvlan, and VLANs below macvlan and ipvlan. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NetworkSpec } from '../../net/request.ts';
import { conforms, reaches } from '../net/drivers/conformance.ts';
import { type Lab, makeLab, refusal } from '../net/lab.ts';
import { OUTSIDE_ADDRESS } from '../support/fakehost.ts';

const subnets = [{ subnet: '192.0.2.0/24', gateway: '192.0.2.1', range: '192.0.2.64/26' }];

conforms('ipvlan', { spec: { driver: 'ipvlan', subnets }, ownMac: false });

describe('on a parent', () => {
  let lab: Lab;
  beforeEach(() => {
    lab = makeLab({ uplink: true });
  });
  afterEach(() => lab.dispose());

  const create = (spec: Partial<NetworkSpec>) =>
    lab.host.inside(() => lab.networking.networks.create({ name: 'pub', subnets, ...spec }));
  const links = () => lab.host.exec(['ip', '-br', 'link']);

  it.each(['l2', 'l3', 'l3s'])('ipvlan of mode %s joins its containers', (mode) => {
    create({ driver: 'ipvlan', options: { ipvlan_mode: mode } });
    const one = lab.container('one', { network: 'pub' });
    const two = lab.container('two', { network: 'pub' });
    expect(one.exec(['ip', '-d', 'link', 'show', 'eth0'])).toMatch(
      new RegExp(`ipvlan +mode ${mode} bridge`),
    );
    reaches(one, two.address);
    if (mode === 'l2') reaches(one, OUTSIDE_ADDRESS);
  });

  it('ipvlan has one mode, and never macvlan beside it', () => {
    create({ driver: 'ipvlan' });
    const others = [{ subnet: '10.5.0.0/24' }];
    const more = (driver: string, options = {}) =>
      refusal(() => create({ name: 'more', driver, options, subnets: others })).message;
    expect(more('ipvlan', { ipvlan_mode: 'l3' })).toBe(
      'create network more: interface eth0 is the parent of network pub, ' +
        'whose mode is l2 bridge, and there is one mode for all on a parent',
    );
    expect(more('macvlan')).toBe(
      'create network more: interface eth0 is the parent of network pub, ' +
        'and an interface has either macvlan or ipvlan links on it',
    );
  });

  it('a VLAN that is not there is made, shared, and gone with the last network on it', () => {
    const before = links();
    const options = { parent: 'eth0.50' };
    create({ driver: 'macvlan', options, subnets: [{ subnet: '10.6.0.0/24' }] });
    create({ name: 'more', driver: 'macvlan', options, subnets: [{ subnet: '10.5.0.0/24' }] });
    expect(lab.host.exec(['ip', '-d', 'link', 'show', 'eth0.50'])).toContain('802.1Q id 50');
    const one = lab.container('one', { network: 'pub' });
    reaches(one, lab.container('two', { network: 'pub' }).address);
    expect(lab.host.inside(() => lab.networking.reconcile())).toEqual([]);
    lab.host.exec(['ip', 'link', 'del', 'eth0.50']);
    expect(lab.host.inside(() => lab.networking.reconcile())).not.toEqual([]);
    expect(lab.host.inside(() => lab.networking.reconcile())).toEqual([]);
    for (const sandbox of ['one', 'two']) {
      lab.host.inside(() => lab.networking.detach({ sandbox }));
    }
    lab.host.inside(() => lab.networking.networks.remove('pub'));
    expect(links()).toContain('eth0.50');
    lab.host.inside(() => lab.networking.networks.remove('more'));
    expect(links()).toBe(before);
  });

  it('a VLAN that the user made stays', () => {
    lab.host.exec('ip link add link eth0 name eth0.60 type vlan id 60'.split(' '));
    lab.host.exec(['ip', 'link', 'set', 'eth0.60', 'up']);
    const subnets = [{ subnet: '10.6.0.0/24' }];
    create({ driver: 'macvlan', options: { parent: 'eth0.60' }, subnets });
    lab.host.inside(() => lab.networking.networks.remove('pub'));
    expect(links()).toContain('eth0.60');
  });
});
