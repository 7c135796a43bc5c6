import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Rtnetlink } from '../../../native/rtnetlink/rtnetlink.ts';
import type { NetworkSpec } from '../../../net/request.ts';
import { OUTSIDE_ADDRESS, OUTSIDE_ADDRESS6, type Place } from '../../support/fakehost.ts';
import { type Lab, makeLab, refusal } from '../lab.ts';
import { linksOf, reaches } from './conformance.ts';

let lab: Lab;
beforeEach(() => {
  lab = makeLab({ uplink: true });
});
afterEach(() => lab.dispose());

const segment = [{ subnet: '192.0.2.0/24', gateway: '192.0.2.1', range: '192.0.2.64/26' }];

function create(options: Record<string, string> = {}, more: Partial<NetworkSpec> = {}) {
  const spec = { name: 'pub', driver: 'macvlan', subnets: segment, options, ...more };
  return lab.host.inside(() => lab.networking.networks.create(spec));
}

const join = (name: string) => lab.container(name, { network: 'pub' });
const table = () => lab.host.exec(['nft', 'list', 'ruleset']);
const isReached = (from: Place, address: string) => {
  try {
    reaches(from, address);
    return true;
  } catch {
    return false;
  }
};

describe('a macvlan network', () => {
  it('is on the wire beside the host, with addresses of its own and no rule of the host', () => {
    expect(create()).toMatchObject({ driver: 'macvlan', parent: 'eth0' });
    const one = join('one');
    expect(one.endpoint).not.toHaveProperty('hostIfname');
    reaches(one, OUTSIDE_ADDRESS);
    if (lab.host.outside) reaches(lab.host.outside, one.address);
    expect(table()).toBe('');
    expect(lab.host.exec(['cat', '/proc/sys/net/ipv4/ip_forward'])).toBe('0\n');
    // What is on the same parent has the parent between it and the host.
    expect(isReached(lab.host, one.address)).toBe(false);
  });

  it('of two families reaches both', () => {
    const six = { subnet: '2001:db8::/64', gateway: '2001:db8::1', range: '2001:db8::f00/120' };
    create({}, { subnets: [...segment, six] });
    const one = join('one');
    // The kernel may take a second to tell IPv6 of the uplink's own carrier.
    one.exec(['busybox', 'ping', '-6', '-c3', '-W1', OUTSIDE_ADDRESS6]);
    expect(one.exec(['cat', '/proc/sys/net/ipv6/conf/eth0/accept_ra'])).toBe('0\n');
  });

  it.each([
    ['bridge', true],
    ['private', false],
    ['vepa', false], // but through a switch that sends back where it came from
  ])('of mode %s', (mode, together) => {
    create({ macvlan_mode: mode, parent: 'eth0' });
    const one = join('one');
    const two = join('two');
    expect(isReached(one, two.address)).toBe(together);
    reaches(one, OUTSIDE_ADDRESS);
    expect(one.exec(['ip', '-d', 'link', 'show', 'eth0'])).toContain(`macvlan mode ${mode}`);
  });

  it('of mode passthru has room for one, which has the MAC of the parent', () => {
    create({ macvlan_mode: 'passthru' });
    const one = join('one');
    using host = Rtnetlink.open(lab.host.netns);
    expect(one.endpoint.mac).toBe(host.link('eth0')?.mac);
    reaches(one, OUTSIDE_ADDRESS);
    expect(refusal(() => join('two')).message).toBe(
      'attach two to pub: pub has room for 1 at a time, and one is on it',
    );
    lab.host.inside(() => lab.networking.detach({ sandbox: 'one', ending: true }));
    reaches(join('three'), OUTSIDE_ADDRESS);
    const second = refusal(() =>
      create({}, { name: 'more', subnets: [{ subnet: '10.5.0.0/24' }] }),
    );
    expect(second.message).toBe(
      'create network more: interface eth0 is the parent of network pub, which has it alone (passthru)',
    );
  });

  it('shares its parent with another one', () => {
    create();
    create({ parent: 'eth0' }, { name: 'more', subnets: [{ subnet: '10.5.0.0/24' }] });
    const { sandbox, ...there } = join('one');
    lab.host.inside(() => lab.networking.attach({ network: 'more', sandbox, owner: 'one' }));
    expect(linksOf(there)).toEqual(['lo', 'eth0', 'eth1']);
    reaches(there, lab.container('two', { network: 'more' }).address);
  });

  it('publishes nothing, and says so', () => {
    create();
    const error = refusal(() => lab.container('one', { network: 'pub', ports: ['80:80'] }));
    expect(error.message).toBe(
      'attach one to pub: pub is a macvlan network, no port of the host leads there',
    );
  });

  it('whose parent went is told of, at an attach and by reconcile, and mended once it is back', () => {
    lab.host.exec(['ip', 'link', 'add', 'lan0', 'type', 'veth', 'peer', 'name', 'lan1']);
    lab.host.exec(['ip', 'link', 'set', 'lan0', 'up']);
    create({ parent: 'lan0' }, { subnets: [{ subnet: '10.5.0.0/24' }] });
    const one = join('one');
    const reconcile = () => lab.host.inside(() => lab.networking.reconcile());
    lab.host.exec(['ip', 'link', 'del', 'lan0']);
    expect(linksOf(one)).toEqual(['lo']);
    const gone = 'parent lan0 is not there';
    expect(refusal(() => join('two')).message).toBe(`attach two to pub: ${gone}`);
    expect(reconcile()).toEqual([
      { kind: 'parent', what: `network pub: ${gone}`, failure: gone },
      { kind: 'endpoint', what: 'one (eth0) has no link to pub', failure: gone },
    ]);
    lab.host.exec(['ip', 'link', 'add', 'lan0', 'type', 'veth', 'peer', 'name', 'lan1']);
    expect(refusal(() => join('three')).message).toContain('parent lan0 is down');
    lab.host.exec(['ip', 'link', 'set', 'lan0', 'up']);
    expect(reconcile().map(({ what }) => what)).toContain('one (eth0) has no link to pub');
    expect(reconcile()).toEqual([]);
  });
});

describe('what cannot be made is refused in a sentence', () => {
  it.each<[string, Record<string, string>, Partial<NetworkSpec>, string]>([
    ['not-found', { parent: 'eth7' }, {}, 'parent eth7 is not there'],
    ['state', { parent: 'port0' }, {}, 'parent port0 is down'],
    ['kernel', { parent: 'port1' }, {}, 'make a macvlan on port1: Device or resource busy'],
    ['invalid', { macvlan_mode: 'l2' }, {}, 'is one of bridge, private, vepa, passthru, not "l2"'],
    ['invalid', { ipvlan_mode: 'l2' }, {}, 'network option "ipvlan_mode" is not known'],
    ['invalid', {}, { internal: true }, 'which hawser cannot close: it is not internal'],
    [
      'invalid',
      { 'com.docker.network.bridge.enable_icc': 'false' },
      {},
      'network option "com.docker.network.bridge.enable_icc" is not known',
    ],
    [
      'invalid',
      { 'com.docker.network.driver.mtu': '9000' },
      {},
      'network pub: an MTU of 9000 is more than the 1500 of its parent eth0',
    ],
  ])('%s: %j %j', (code, options, more, sentence) => {
    lab.host.exec(['ip', 'link', 'add', 'port0', 'type', 'veth', 'peer', 'name', 'port1']);
    lab.host.exec(['ip', 'link', 'add', 'sw0', 'type', 'bridge']);
    lab.host.exec(['ip', 'link', 'set', 'port1', 'master', 'sw0', 'up']);
    const before = lab.snapshot();
    const error = refusal(() => create(options, more));
    expect(error.message).toContain(sentence);
    expect(error.message).toMatch(/^create network pub: /);
    expect(error.code).toBe(code);
    expect(lab.snapshot()).toEqual(before);
  });

  it('without a default route there is no parent to guess', () => {
    lab.host.exec(['ip', 'route', 'del', 'default']);
    lab.host.exec(['ip', '-6', 'route', 'del', 'default']);
    expect(refusal(() => create())).toMatchObject({
      message:
        'create network pub: the host has no default route, whose interface would be the parent',
      hint: 'name one: -o parent=IF',
    });
  });

  /** The same for what some kernels have: asked of another program than hawser. */
  const hasKind = (kind: string, ...rest: string[]) => {
    try {
      lab.host.exec(['ip', 'link', 'add', 'link', 'eth0', 'name', 'try0', 'type', kind, ...rest]);
      lab.host.exec(['ip', 'link', 'del', 'try0']);
      return true;
    } catch {
      return false;
    }
  };

  it('ipvlan where the kernel lacks it', () => {
    const make = () => create({}, { driver: 'ipvlan' });
    if (hasKind('ipvlan')) expect(make().driver).toBe('ipvlan');
    else expect(refusal(make).message).toBe('create network pub: this kernel has no ipvlan');
  });

  it('a VLAN that is to be made where the kernel has none', () => {
    const make = () => create({ parent: 'eth0.50' });
    if (hasKind('vlan', 'id', '7')) expect(make().parent).toBe('eth0.50');
    else {
      expect(refusal(make).message).toBe(
        'create network pub: this kernel has no VLANs (802.1Q), so eth0.50 cannot be made on eth0',
      );
    }
  });
});
