import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import type { NetworkSpec } from '../../net/request.ts';
import { advertise } from '../support/advertise.ts';
import { HOST_ADDRESS6, OUTSIDE_ADDRESS6, type Place } from '../support/fakehost.ts';
import { ask, type Container, type Lab, makeLab, refusal } from './lab.ts';

let lab: Lab;
let outside: Place;
let web: Container;
let neighbour: Container;
let stranger: Container;

const create = (spec: NetworkSpec) => lab.host.inside(() => lab.networking.networks.create(spec));
const six = ({ endpoint }: Container) => endpoint.addresses[1]?.address ?? '';
const gateway = ({ endpoint }: Container) => endpoint.addresses[1]?.gateway ?? '';

/** Asks again on a machine that is too busy to answer within a second. */
const answers = (from: Place, how: 'tcp' | 'udp', address: string, port: number, what: string) =>
  expect.poll(() => ask(from, how, address, port), { timeout: 10_000 }).toBe(what);

beforeAll(async () => {
  lab = makeLab({ uplink: true });
  if (lab.host.outside === undefined) throw new Error('the host has no uplink');
  outside = lab.host.outside;
  create({ name: 'dual', ipv6: true });
  create({ name: 'other', ipv6: true });
  web = lab.container('web', { network: 'dual' });
  neighbour = lab.container('neighbour', { network: 'dual' });
  stranger = lab.container('stranger', { network: 'other' });
  await Promise.all([
    lab.serve(web, 'web', 80),
    lab.serve(stranger, 'stranger', 80),
    lab.serve(outside, 'outside', 5000),
  ]);
});
afterAll(() => lab.dispose());

describe('a network with IPv6', () => {
  it('has a /64 of the unique local addresses of this state, the next one for the next', () => {
    const [dual, other] = ['dual', 'other'].map((name) => lab.networking.networks.get(name));
    const subnets = [dual, other].map((network) => network?.subnets[1]?.subnet ?? '');
    expect(subnets[0]).toMatch(/^fd[0-9a-f]{2}:[0-9a-f]{1,4}:[0-9a-f]{1,4}::\/64$/);
    expect(subnets[1]).toBe(subnets[0]?.replace('::', ':1::'));
    expect(dual?.subnets[1]?.gateway).toBe(subnets[0]?.replace('/64', '1'));
  });

  it('makes the host a router of IPv6, and says so', () => {
    expect(lab.host.exec(['cat', '/proc/sys/net/ipv6/conf/all/forwarding'])).toBe('1\n');
    expect(lab.notes).toContain(
      'net.ipv6.conf.all.forwarding was switched on, which network dual needs',
    );
  });

  it('has IPv6 alone where IPv4 is switched off', () => {
    const only = create({ name: 'six', ipv4: false, ipv6: true });
    expect(only.subnets.map(({ subnet }) => subnet.includes(':'))).toEqual([true]);
    const { endpoint, ...there } = lab.container('only', { network: 'six' });
    expect(there.exec(['ip', '-4', 'address', 'show', 'dev', 'eth0'])).toBe('');
    there.exec(['busybox', 'ping', '-6', '-c1', '-W1', endpoint.addresses[0]?.gateway ?? '']);
  });

  it('hands out addresses of its range, never a reserved one, in each family', () => {
    const range6 = { subnet: 'fd00:7::/64', gateway: 'fd00:7::fe', range: 'fd00:7::8/126' };
    const subnets = [
      { subnet: '10.7.0.0/24', gateway: '10.7.0.254', range: '10.7.0.8/30' },
      { ...range6, aux: { printer: 'fd00:7::9' } },
    ];
    create({ name: 'ranged', subnets });
    const given = ['r1', 'r2'].map((name) => lab.container(name, { network: 'ranged' }).endpoint);
    expect(given.map(({ addresses }) => addresses.map(({ address }) => address))).toEqual([
      ['10.7.0.8', 'fd00:7::8'],
      ['10.7.0.9', 'fd00:7::a'],
    ]);
    expect(given[0]?.addresses[1]?.gateway).toBe('fd00:7::fe');
    const reserved = refusal(() => lab.container('r3', { network: 'ranged', ip6: 'fd00:7::9' }));
    expect(reserved.message).toContain('fd00:7::9 is set apart for printer');
  });

  it('gives the address that is asked for', () => {
    const subnet = lab.networking.networks.get('dual').subnets[1]?.subnet ?? '';
    const wanted = subnet.replace('/64', '9');
    const { endpoint } = lab.container('nine', { network: 'dual', ip6: wanted });
    expect(endpoint.addresses[1]).toMatchObject({ address: wanted, prefix: 64 });
    const taken = refusal(() => lab.container('ten', { network: 'dual', ip6: wanted }));
    expect(taken.message).toBe(`attach ten to dual: ${wanted} is already leased to nine`);
  });

  it.each<[NetworkSpec, string]>([
    [{ name: 'x', ipv4: false }, 'a network has IPv4, IPv6 or both, and this one has neither'],
    [
      { name: 'x', ipv6: false, subnets: [{ subnet: 'fd00:1::/64' }] },
      'subnet fd00:1::/64 is IPv6, which is switched off',
    ],
    [
      { name: 'x', subnets: [{ subnet: '10.1.0.0/24' }, { subnet: '10.2.0.0/24' }] },
      'subnets 10.1.0.0/24 and 10.2.0.0/24 are both IPv4, and a network has one of a family',
    ],
    [{ name: 'x', subnets: [{ subnet: 'fe80::/64' }] }, 'fe80::/64 cannot be used: fe80::/10 is'],
    [{ name: 'x', subnets: [{ subnet: '169.254.7.0/24' }] }, '169.254.0.0/16 is link-local'],
    [{ name: 'x', subnets: [{ subnet: 'ff05::/64' }] }, 'ff00::/8 is multicast'],
    [
      { name: 'x', ipv6: true, options: { 'com.docker.network.driver.mtu': '1279' } },
      'an MTU of 1279 is too small for IPv6, which needs 1280',
    ],
  ])('is refused as %j', (spec, sentence) => {
    const before = lab.snapshot();
    const { message, code } = refusal(() => create(spec));
    expect(message).toMatch(/^create network x: /);
    expect(message).toContain(sentence);
    expect(code).toBe('invalid');
    expect(lab.snapshot()).toEqual(before);
  });
});

describe('an address of IPv6', () => {
  it('is usable at once: nothing is tentative, link-local addresses and the gateway neither', () => {
    create({ name: 'fresh', ipv6: true });
    const { netns, endpoint } = lab.container('fresh', { network: 'fresh' });
    const { bridge = '' } = lab.networking.networks.get('fresh');
    for (const [place, link] of [
      [netns, 'eth0'],
      [lab.host.netns, bridge],
    ] as const) {
      using rtnl = Rtnetlink.open(place);
      const all = rtnl.addresses(link).filter(({ address }) => address.includes(':'));
      expect(all.map(({ address }) => address.startsWith('fe80:')).sort()).toEqual([false, true]);
      expect(all.filter(({ tentative }) => tentative)).toEqual([]);
    }
    using inside = Rtnetlink.open(netns);
    const way = inside.routes({ family: 6 }).find(({ destination }) => destination === 'default');
    expect(way?.gateway).toBe(endpoint.addresses[1]?.gateway);
  });

  it('reaches its neighbour, its gateway, and the outside under the address of the host', async () => {
    await answers(neighbour, 'tcp', six(web), 80, `web from ${six(neighbour)}`);
    web.exec(['busybox', 'ping', '-6', '-c1', '-W1', gateway(web)]);
    for (const protocol of ['tcp', 'udp'] as const) {
      await answers(web, protocol, OUTSIDE_ADDRESS6, 5000, `outside from ${HOST_ADDRESS6}`);
    }
  });

  it('is not reached from another network, nor from outside by a route', async () => {
    await answers(lab.host, 'tcp', six(stranger), 80, `stranger from ${gateway(stranger)}`);
    outside.exec(['ip', '-6', 'route', 'replace', 'fd00::/8', 'via', HOST_ADDRESS6]);
    const asked = [web, outside].map((from) => ask(from, 'tcp', six(stranger), 80));
    expect(await Promise.all(asked)).toEqual([undefined, undefined]);
  });
});

describe('a router advertisement of a neighbour', () => {
  const forged = '2001:db8:bad::';
  const believed = (at: Place, link: string) =>
    at.exec(['ip', '-6', 'address', 'show', 'dev', link]).includes('2001:db8:bad:') ||
    at.exec(['ip', '-6', 'route']).includes('proto ra');
  /** Where containers are not held to what is theirs; elsewhere none of this leaves the sender. */
  const network = 'trusting';
  const forge = (from: Container) => {
    using inside = Rtnetlink.open(from.netns);
    advertise(from, inside.link('eth0')?.index ?? 0, forged);
  };
  const accept = (at: Place, link: string) =>
    at.exec(['sysctl', '-qw', `net.ipv6.conf.${link}.accept_ra=2`]);

  it('is believed neither by containers nor by the bridge', async () => {
    const options = { 'hawser.spoof-protection': 'false' };
    const { bridge = '' } = create({ name: network, ipv6: true, options });
    const forger = lab.container('forger', { network });
    const wary = lab.container('wary', { network });
    const gullible = lab.container('gullible', { network });
    accept(gullible, 'eth0');
    forge(forger);
    // It went to all of them; this one shows that it was heard.
    await expect.poll(() => believed(gullible, 'eth0')).toBe(true);
    expect(believed(wary, 'eth0')).toBe(false);
    expect(believed(lab.host, bridge)).toBe(false);
    accept(lab.host, bridge);
    forge(forger);
    await expect.poll(() => believed(lab.host, bridge)).toBe(true);
    lab.host.exec(['ip', 'link', 'del', bridge]);
    lab.host.inside(() => lab.networking.reconcile());
    forge(forger);
    expect(believed(lab.host, bridge)).toBe(false);
  });
});
