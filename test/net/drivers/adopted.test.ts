import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Rtnetlink } from '../../../native/rtnetlink/rtnetlink.ts';
import type { NetworkSpec } from '../../../net/request.ts';
import { OUTSIDE_ADDRESS } from '../../support/fakehost.ts';
import { type Lab, makeLab, refusal } from '../lab.ts';
import { reaches } from './conformance.ts';

/** A bridge of the user's, with an address, up or not. */
let lab: Lab;
beforeEach(() => {
  lab = makeLab({ uplink: true });
  lab.host.exec(['ip', 'link', 'add', 'br0', 'mtu', '1400', 'type', 'bridge']);
  lab.host.exec(['ip', 'addr', 'add', '10.5.0.254/24', 'dev', 'br0']);
});
afterEach(() => lab.dispose());

function create(more: Partial<NetworkSpec> = {}) {
  const options = { 'com.docker.network.bridge.name': 'br0' };
  const spec = { name: 'lan', subnets: [{ subnet: '10.5.0.0/24' }], options, ...more };
  return lab.host.inside(() => lab.networking.networks.create(spec));
}

function addresses(): string[] {
  using rtnl = Rtnetlink.open(lab.host.netns);
  return rtnl
    .addresses('br0')
    .map(({ address }) => address)
    .filter((address) => !address.startsWith('fe80:'));
}

const remove = () => lab.host.inside(() => lab.networking.networks.remove('lan'));

describe('a bridge of the user', () => {
  it('is used as it is, given the gateway it lacks, and left as it was', () => {
    expect(create()).toMatchObject({ bridge: 'br0', adopted: ['10.5.0.254'] });
    expect(addresses()).toEqual(['10.5.0.254', '10.5.0.1']);
    const one = lab.container('one', { network: 'lan' });
    expect(one.endpoint.mtu).toBe(1400);
    reaches(one, OUTSIDE_ADDRESS);
    reaches(one, '10.5.0.254');
    lab.host.inside(() => lab.networking.detach({ sandbox: 'one' }));
    remove();
    expect(addresses()).toEqual(['10.5.0.254']);
  });

  it('that has the gateway already keeps it', () => {
    create({ subnets: [{ subnet: '10.5.0.0/24', gateway: '10.5.0.254' }] });
    reaches(lab.container('one', { network: 'lan' }), OUTSIDE_ADDRESS);
    lab.host.inside(() => lab.networking.detach({ sandbox: 'one' }));
    remove();
    expect(addresses()).toEqual(['10.5.0.254']);
  });

  it('brings what is on it along: a machine behind a port of it is a neighbour', () => {
    create();
    const machine = lab.sandbox('machine');
    const veth = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', machine.path];
    lab.host.exec(['ip', 'link', 'add', 'port0', 'master', 'br0', 'up', ...veth]);
    machine.exec(['ip', 'addr', 'add', '10.5.0.77/24', 'dev', 'eth0']);
    machine.exec(['ip', 'link', 'set', 'eth0', 'up']);
    reaches(lab.container('one', { network: 'lan' }), '10.5.0.77');
  });

  it('stays after a teardown', () => {
    create();
    lab.container('one', { network: 'lan' });
    lab.host.inside(() => lab.networking.teardown());
    expect(addresses()).toEqual(['10.5.0.254']);
  });

  it('whose gateway a hand took away gets it again; one that is gone is told of', () => {
    create();
    lab.container('one', { network: 'lan' });
    const reconcile = () =>
      lab.host.inside(() => lab.networking.reconcile()).map(({ what }) => what);
    lab.host.exec(['ip', 'addr', 'del', '10.5.0.1/24', 'dev', 'br0']);
    expect(reconcile()).toEqual(['bridge br0 of network lan lacks its address 10.5.0.1']);
    expect(reconcile()).toEqual([]);
    lab.host.exec(['ip', 'link', 'del', 'br0']);
    expect(reconcile()[0]).toBe('bridge br0 of network lan is missing');
    expect(refusal(() => lab.container('two', { network: 'lan' })).message).toBe(
      "attach two to lan: network lan: its bridge br0 is gone, which was not hawser's to make",
    );
    lab.host.exec(['ip', 'link', 'add', 'br0', 'type', 'bridge']);
    expect(reconcile().join()).toContain('is no port of br0');
    expect(reconcile()).toEqual([]);
  });

  it('is not taken for two networks, and nothing but a bridge is taken', () => {
    create();
    const twice = refusal(() => create({ name: 'more', subnets: [{ subnet: '10.6.0.0/24' }] }));
    expect(twice.message).toBe('create network more: interface br0 is that of network lan');
    const options = { 'com.docker.network.bridge.name': 'eth0' };
    const wrong = refusal(() => create({ name: 'more', subnets: [], options }));
    expect(wrong.message).toBe(
      'create network more: there is an interface eth0 already, which is no bridge',
    );
  });
});
