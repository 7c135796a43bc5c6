import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import type { AttachRequest, NetworkSpec } from '../../net/request.ts';
import { type Container, type Lab, makeLab, refusal } from './lab.ts';

let lab: Lab;
const octets: Record<string, number> = { alpha: 1, beta: 2, gamma: 3 };

beforeEach(() => {
  lab = makeLab({ uplink: true });
  for (const name of Object.keys(octets)) create({ name });
});
afterEach(() => lab.dispose());

function create({ name, ...more }: NetworkSpec): void {
  const n = octets[name] ?? 9;
  const subnets = [{ subnet: `10.${n}.0.0/24` }, { subnet: `fd00:${n}::/64` }];
  lab.host.inside(() => lab.networking.networks.create({ name, subnets, ...more }));
}

type Wish = Omit<Partial<AttachRequest>, 'ports'>;
const connect = ({ sandbox }: Container, network: string, wish: Wish = {}) =>
  lab.host.inside(() => lab.networking.attach({ network, sandbox, owner: sandbox.id, ...wish }));
const disconnect = ({ sandbox }: Container, network: string) =>
  lab.host.inside(() => lab.networking.detach({ sandbox: sandbox.id, network }));

/** The gateways of the default routes, IPv4 and IPv6. */
function ways({ netns }: Pick<Container, 'netns'>): (string | undefined)[] {
  using inside = Rtnetlink.open(netns);
  return [4, 6].flatMap((family) =>
    inside
      .routes({ family: family === 4 ? 4 : 6 })
      .filter(({ destination, type }) => destination === 'default' && type === 'UNICAST')
      .map(({ gateway }) => gateway),
  );
}
const by = (name: string) => [`10.${octets[name]}.0.1`, `fd00:${octets[name]}::1`];
const reconcile = () => lab.host.inside(() => lab.networking.reconcile()).map(({ what }) => what);

describe('the way out of a sandbox on many networks', () => {
  it('is by the first of their names, in whichever order they came', () => {
    for (const order of [
      ['gamma', 'alpha', 'beta'],
      ['alpha', 'beta', 'gamma'],
    ]) {
      const [first = '', ...others] = order;
      const one = lab.container(`one-${first}`, { network: first });
      for (const network of others) connect(one, network);
      expect(ways(one)).toEqual(by('alpha'));
    }
  });

  it('is by the highest gateway priority, and goes back when that network goes', () => {
    const one = lab.container('one', { network: 'alpha' });
    connect(one, 'beta', { gwPriority: 2 });
    connect(one, 'gamma', { gwPriority: 1 });
    expect(ways(one)).toEqual(by('beta'));
    disconnect(one, 'beta');
    expect(ways(one)).toEqual(by('gamma'));
    disconnect(one, 'gamma');
    expect(ways(one)).toEqual(by('alpha'));
    connect(one, 'beta', { gwPriority: -1 });
    expect(ways(one)).toEqual(by('alpha'));
    disconnect(one, 'alpha');
    expect(ways(one)).toEqual(by('beta'));
  });

  it('is chosen for each family apart', () => {
    lab.host.inside(() => {
      lab.networking.networks.create({ name: 'four', subnets: [{ subnet: '10.4.0.0/24' }] });
    });
    const one = lab.container('one', { network: 'alpha' });
    connect(one, 'four', { gwPriority: 5 });
    expect(ways(one)).toEqual(['10.4.0.1', 'fd00:1::1']);
    disconnect(one, 'four');
    expect(ways(one)).toEqual(by('alpha'));
  });

  it('is never by an internal network', () => {
    create({ name: 'a-vault', internal: true });
    const one = lab.container('one', { network: 'beta' });
    connect(one, 'a-vault', { gwPriority: 9 });
    expect(ways(one)).toEqual(by('beta'));
  });

  it('moves without a moment of none: a packet in between finds a way', () => {
    const one = lab.container('one', { network: 'alpha' });
    const seen: unknown[] = [];
    lab.onStep = () => seen.push(ways(one).length);
    connect(one, 'beta', { gwPriority: 1 });
    disconnect(one, 'beta');
    lab.onStep = () => {};
    expect(new Set(seen)).toEqual(new Set([2]));
    expect(ways(one)).toEqual(by('alpha'));
  });

  it('is left alone where the sandbox has one of its own', () => {
    const { id, path, ...there } = lab.sandbox('one');
    there.exec(['ip', 'link', 'add', 'own0', 'type', 'veth', 'peer', 'name', 'own1']);
    there.exec(['ip', 'addr', 'add', '10.77.0.2/24', 'dev', 'own0']);
    there.exec(['ip', 'link', 'set', 'own0', 'up']);
    there.exec(['ip', 'route', 'add', 'default', 'via', '10.77.0.1', 'metric', '10']);
    const sandbox = { id, path };
    lab.host.inside(() => lab.networking.attach({ network: 'alpha', sandbox, owner: 'one' }));
    expect(ways(there)).toEqual(['10.77.0.1', 'fd00:1::1']);
  });

  it('is given back after a hand removed it', () => {
    const one = lab.container('one', { network: 'beta' });
    connect(one, 'alpha');
    one.exec(['ip', 'route', 'del', 'default']);
    one.exec(['ip', '-6', 'route', 'del', 'default']);
    expect(reconcile()).toEqual([
      'one has no default route of IPv4',
      'one has no default route of IPv6',
    ]);
    expect(ways(one)).toEqual(by('alpha'));
    expect(reconcile()).toEqual([]);
  });
});

describe('an endpoint has what is said of it', () => {
  const wish: Wish = {
    ifname: 'lan0',
    mac: '02:00:00:00:00:09',
    mtu: 1400,
    gwPriority: 3,
    sysctls: { 'net.ipv4.conf.IFNAME.log_martians': '1', 'net.ipv6.conf.IFNAME.hop_limit': '9' },
    routes: ['10.50.0.0/16 via 10.2.0.77 metric 50', { destination: '10.60.0.0/16' }],
  };
  const check = (one: Container) => {
    using inside = Rtnetlink.open(one.netns);
    expect(inside.link('lan0')).toMatchObject({ mac: wish.mac, mtu: 1400, up: true });
    const read = (path: string) => one.exec(['cat', `/proc/sys/net/${path}`]).trim();
    expect(read('ipv4/conf/lan0/log_martians')).toBe('1');
    expect(read('ipv6/conf/lan0/hop_limit')).toBe('9');
    const routes = one.exec(['ip', 'route']);
    expect(routes).toContain('10.50.0.0/16 via 10.2.0.77 dev lan0 proto static metric 50');
    expect(routes).toContain('10.60.0.0/16 dev lan0 proto static scope link');
  };

  it('in fields or by the names of driver options, and the record shows it', () => {
    const one = lab.container('one', { network: 'alpha' });
    const endpoint = connect(one, 'beta', wish);
    check(one);
    expect(endpoint).toMatchObject({
      ifname: 'lan0',
      mtu: 1400,
      gwPriority: 3,
      sysctls: wish.sysctls,
      routes: [
        { destination: '10.50.0.0/16', gateway: '10.2.0.77', metric: 50 },
        { destination: '10.60.0.0/16' },
      ],
    });
    const { mac = '', gwPriority = 0 } = wish;
    const options = {
      'com.docker.network.endpoint.ifname': 'lan0',
      'com.docker.network.endpoint.mtu': '1400',
      'com.docker.network.endpoint.sysctls':
        'net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.IFNAME.hop_limit=9',
      'com.docker.network.endpoint.routes': '10.50.0.0/16 via 10.2.0.77 metric 50; 10.60.0.0/16',
    };
    expect(connect(one, 'beta', { mac, gwPriority, options })).toEqual(endpoint);
    expect(lab.networking.endpoints({ sandbox: 'one' })).toContainEqual(endpoint);
  });

  it.each([
    ['lan0 lacks its address 10.2.0.2', ['ip', 'addr', 'del', '10.2.0.2/24', 'dev', 'lan0']],
    [
      'lan0 lacks its route 10.50.0.0/16 via 10.2.0.77 metric 50',
      ['ip', 'route', 'del', '10.50.0.0/16'],
    ],
    ['lan0 has an MTU of 1300 instead of 1400', ['ip', 'link', 'set', 'lan0', 'mtu', '1300']],
    [
      'net.ipv4.conf.lan0.log_martians is 0 instead of 1',
      ['sysctl', '-qw', 'net/ipv4/conf/lan0/log_martians=0'],
    ],
    ['lan0 is down', ['ip', 'link', 'set', 'lan0', 'down']],
  ])('and is given back without a new link: %s', (what, command) => {
    const one = lab.container('one', { network: 'beta', ...wish });
    using inside = Rtnetlink.open(one.netns);
    const { index } = inside.link('lan0') ?? {};
    expect(reconcile()).toEqual([]);
    one.exec(command);
    expect(reconcile()).toContain(`one: ${what}`);
    expect(reconcile()).toEqual([]);
    check(one);
    expect(ways(one)).toEqual(by('beta'));
    expect(inside.link('lan0')?.index).toBe(index);
  });

  it.each<[string, Wish, string]>([
    ['invalid', { mtu: 1501 }, 'an MTU of 1501 is more than the 1500 of network beta'],
    ['invalid', { mtu: 1200 }, 'an MTU of 1200 is too small for IPv6'],
    ['invalid', { mtu: 12 }, 'the MTU is not 68 to 65535'],
    ['invalid', { sysctls: { 'net.ipv4.ip_forward': '1' } }, "is not an interface's, as"],
    ['invalid', { sysctls: { 'kernel.domainname': 'x' } }, 'sysctl "kernel.domainname" is not'],
    ['invalid', { sysctls: { 'net.ipv4.conf.all.rp_filter': '0' } }, "is not an interface's"],
    ['invalid', { sysctls: { 'net.ipv4.conf.IFNAME.x/../y': '0' } }, "is not an interface's"],
    ['unsupported', { sysctls: { 'net.ipv4.conf.IFNAME.nope': '0' } }, 'this kernel has no sysctl'],
    [
      'kernel',
      { sysctls: { 'net.ipv4.conf.IFNAME.forwarding': 'x' } },
      'conf.eth1.forwarding to x: EINVAL',
    ],
    ['invalid', { routes: ['default via 10.2.0.9'] }, 'which network has the default route'],
    ['invalid', { routes: ['10.50.0.0/16 via 10.1.0.9'] }, 'the gateway is outside 10.2.0.0/24'],
    ['invalid', { routes: ['10.50.0.1/16'] }, 'has bits set behind its prefix'],
    ['invalid', { routes: ['fd00:9::/64 via 10.2.0.9'] }, 'it has two families'],
    ['invalid', { routes: ['somewhere'] }, '"somewhere"'],
    ['invalid', { routes: ['10.50.0.0/16 by 10.2.0.9'] }, 'cannot be read'],
    ['invalid', { gwPriority: 0.5 }, 'gateway priority 0.5 is no whole number'],
    ['invalid', { options: { mtu: '1400' } }, 'endpoint option "mtu" is not known'],
    ['taken', { ifname: 'eth0' }, 'its eth0 is attached to alpha already'],
    [
      'invalid',
      { mtu: 1400, options: { 'com.docker.network.endpoint.mtu': '1300' } },
      'mtu is given twice, once as a driver option',
    ],
  ])('%s: %j', (code, bad, sentence) => {
    const one = lab.container('one', { network: 'alpha' });
    const before = lab.snapshot();
    const error = refusal(() => connect(one, 'beta', bad));
    expect(error.message).toContain('attach one to beta: ');
    expect(error.message).toContain(sentence);
    expect(error.code).toBe(code);
    expect(lab.snapshot()).toEqual(before);
    expect(ways(one)).toEqual(by('alpha'));
  });
});
