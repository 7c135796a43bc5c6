/**
 * What hands have done to the kernel behind hawser's back, and how it is put right: told alike by a
 * dry run, which changes nothing, and by the real one; with traffic afterwards, and none lost elsewhere.
 */
import { execFile } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inNetns } from '../../native/netns.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { bridgeNameOf, hostIfnameOf } from '../../net/kernel-names.ts';
import { readSysctl } from '../../net/settings/sysctl.ts';
import { HOST_ADDRESS, HOST_ADDRESS6, OUTSIDE_ADDRESS, type Place } from '../support/fakehost.ts';
import { ask, type Container, type Lab, makeLab } from './lab.ts';

let lab: Lab;
let outside: Place;
let web: Container;
let neighbour: Container;
let unharmed: Container;
/** What the damages speak of. */
const names: Record<string, string> = {};

beforeEach(async () => {
  lab = makeLab({ uplink: true });
  if (lab.host.outside === undefined) throw new Error('the host has no uplink');
  outside = lab.host.outside;
  lab.host.exec(['sysctl', '-qw', 'net.bridge.bridge-nf-call-ip6tables=0']); // else ::1 is not answered
  const { id } = lab.host.inside(() => {
    lab.networking.networks.create({ name: 'green' });
    return lab.networking.networks.create({ name: 'blue', ipv6: true });
  });
  web = lab.container('web', { network: 'blue', ports: ['8080:80'] });
  neighbour = lab.container('neighbour', { network: 'blue' });
  unharmed = lab.container('unharmed', { network: 'green' });
  await lab.serve(web, 'web', 80);
  lab.host.exec(['ip', 'link', 'add', 'elsewhere', 'type', 'bridge']);
  const [four, six] = web.endpoint.addresses;
  Object.assign(names, {
    BRIDGE: bridgeNameOf(id),
    LINK: hostIfnameOf(web.endpoint.key),
    FOUR: `${four?.address}/${four?.prefix}`,
    SIX: `${six?.address}/${six?.prefix}`,
    GATEWAY: `${four?.gateway}/${four?.prefix}`,
    GATEWAY6: `${six?.gateway}/${six?.prefix}`,
  });
});
afterEach(() => lab.dispose());

const named = (text: string) => text.replace(/\b[A-Z]+6?\b/g, (word) => names[word] ?? word);
const plainly = (text: string) => named(text).replace(/\/\d+$/, '');

/** What is in a namespace, by names that outlive a link that is made anew. */
function stateOf(netns: string): unknown {
  using rtnl = Rtnetlink.open(netns);
  const links = rtnl.links();
  const nameOf = (index?: number) => links.find((link) => link.index === index)?.name;
  const kernels = (text: string) => /^(fe80:|ff00:)/.test(text);
  return {
    links: links
      .map(({ name, mac, mtu, up, master, alias }) => ({
        // The kernel chooses a MAC for the host's end, and for a bridge that is none of ours.
        ...{ name, mtu, up, alias, mac: /^(hv|else)/.test(name) ? '' : mac },
        master: nameOf(master),
      }))
      .sort((a, b) => a.name.localeCompare(b.name)),
    addresses: rtnl
      .addresses()
      .filter(({ address }) => !kernels(address))
      .map(({ link, address, prefix }) => `${nameOf(link)} ${address}/${prefix}`)
      .sort(),
    routes: [undefined, 255].flatMap((table) =>
      rtnl
        .routes(table === undefined ? {} : { table })
        .filter(({ destination }) => !kernels(destination))
        .map(({ destination, gateway, link }) => `${destination} ${gateway} ${nameOf(link)}`)
        .sort(),
    ),
    settings: inNetns(netns, () =>
      links.map(({ name }) =>
        ['ipv6/conf/IF/accept_ra', 'ipv6/conf/IF/accept_dad', 'ipv4/conf/IF/route_localnet']
          .map((path) => readSysctl(path.replace('IF', name)))
          .concat(name),
      ),
    )
      .map((values) => values.join(' '))
      .sort(),
    forwards: inNetns(netns, () => ['ipv4/ip_forward', 'ipv6/conf/all/forwarding'].map(readSysctl)),
  };
}

function world(): unknown {
  const { rules, store } = Object(lab.snapshot());
  const places = [lab.host, web, neighbour, unharmed];
  return { rules, store, states: places.map(({ netns }) => stateOf(netns)) };
}

const reconcile = (dryRun = false) =>
  lab.host.inside(() => lab.networking.reconcile([], { dryRun }));

/** Says how many echoes were lost of those sent while something else goes on. */
function pinging(from: Place, to: string): Promise<string> {
  const argv = from.argv(['busybox', 'ping', '-q', '-i', '0.02', '-c', '40', '-W', '5', to]);
  const [file = '', ...args] = argv;
  return new Promise((resolve) => {
    execFile(file, args, { timeout: 20_000 }, (_, stdout) => {
      resolve(/\d+% packet loss/.exec(stdout)?.[0] ?? stdout);
    });
  });
}

async function expectTraffic(): Promise<void> {
  const paths: [from: Place, address: string, port: number][] = [
    [outside, HOST_ADDRESS, 8080],
    [outside, HOST_ADDRESS6, 8080],
    [lab.host, '127.0.0.1', 8080],
    [lab.host, '::1', 8080],
    [neighbour, web.address, 80],
  ];
  for (const [from, address, port] of paths) {
    await expect
      .poll(() => ask(from, 'tcp', address, port), { timeout: 10_000 })
      .toMatch(/^web from /);
  }
  web.exec(['busybox', 'ping', '-q', '-c1', '-W5', OUTSIDE_ADDRESS]);
}

describe('is mended without a restart', () => {
  it.each<[what: string, where: 'host' | 'web', damage: string, told: string[]]>([
    ['a deleted veth', 'host', 'ip link del LINK', ['web (eth0) has no link to blue']],
    ['a veth deleted inside', 'web', 'ip link del eth0', ['web (eth0) has no link to blue']],
    [
      'a veth moved to another bridge',
      'host',
      'ip link set LINK master elsewhere',
      ['link LINK of web (eth0) is no port of BRIDGE'],
    ],
    [
      'a veth taken off its bridge',
      'host',
      'ip link set LINK nomaster',
      ['link LINK of web (eth0) is no port of BRIDGE'],
    ],
    [
      'a renamed veth',
      'host',
      'ip link set LINK name mine',
      ['link mine belongs to no endpoint', 'web (eth0) has no link to blue'],
    ],
    [
      'a port set to hear nobody',
      'host',
      'bridge link set dev LINK isolated on learning off flood off',
      [
        'link LINK of web (eth0) has isolated on',
        'link LINK of web (eth0) has learning off',
        'link LINK of web (eth0) has flood off',
      ],
    ],
    ['a veth set down', 'host', 'ip link set LINK down', ['link LINK of web (eth0) is down']],
    [
      'the MTU of a veth',
      'host',
      'ip link set LINK mtu 1280',
      [
        'bridge BRIDGE of network blue has an MTU of 1280 instead of 1500', // it follows the least
        'link LINK of web (eth0) has an MTU of 1280 instead of 1500',
      ],
    ],
    [
      'an address inside',
      'web',
      'ip addr del FOUR dev eth0',
      ['web: eth0 lacks its address FOUR', 'web has no default route of IPv4'],
    ],
    [
      'an IPv6 address inside',
      'web',
      'ip addr del SIX dev eth0',
      ['web: eth0 lacks its address SIX'],
    ],
    ['the default route', 'web', 'ip route del default', ['web has no default route of IPv4']],
    ['that of IPv6', 'web', 'ip -6 route del default', ['web has no default route of IPv6']],
    [
      'the link inside set down',
      'web',
      'ip link set eth0 down',
      [
        'web: eth0 is down',
        'web: eth0 lacks its address SIX',
        'web has no default route of IPv4',
        'web has no default route of IPv6',
      ],
    ],
    [
      'the MTU inside',
      'web',
      'ip link set eth0 mtu 1280',
      ['web: eth0 has an MTU of 1280 instead of 1500'],
    ],
    [
      'the MAC inside',
      'web',
      'ip link set eth0 address 02:00:00:00:00:01',
      ['web: eth0 has the MAC 02:00:00:00:00:01 instead of OWNMAC'],
    ],
    [
      'a setting inside',
      'web',
      'sysctl -qw net.ipv6.conf.eth0.accept_ra=1',
      ['web: net.ipv6.conf.eth0.accept_ra is 1 instead of 0'],
    ],
    [
      'a deleted bridge',
      'host',
      'ip link del BRIDGE',
      [
        'bridge BRIDGE of network blue is missing',
        'link NEIGHBOUR of neighbour (eth0) is no port of BRIDGE',
        'link LINK of web (eth0) is no port of BRIDGE',
      ],
    ],
    [
      'the address of a bridge',
      'host',
      'ip addr del GATEWAY dev BRIDGE',
      ['bridge BRIDGE of network blue lacks its address GATEWAY'],
    ],
    [
      'a bridge set down',
      'host',
      'ip link set BRIDGE down',
      [
        'bridge BRIDGE of network blue is down',
        'bridge BRIDGE of network blue lacks its address GATEWAY6',
        'bridge BRIDGE has no route for answers to ::1',
      ],
    ],
    [
      'the MTU of a bridge',
      'host',
      'ip link set BRIDGE mtu 1280',
      ['bridge BRIDGE of network blue has an MTU of 1280 instead of 1500'],
    ],
    [
      'the MAC of a bridge',
      'host',
      'ip link set BRIDGE address 02:00:00:00:00:01',
      ['bridge BRIDGE of network blue has the MAC 02:00:00:00:00:01 instead of BRIDGEMAC'],
    ],
    [
      'a setting of the host',
      'host',
      'sysctl -qw net.ipv4.conf.BRIDGE.route_localnet=0',
      ['net.ipv4.conf.BRIDGE.route_localnet is 0 instead of 1'],
    ],
    [
      'forwarding',
      'host',
      'sysctl -qw net.ipv4.ip_forward=0',
      ['net.ipv4.ip_forward is 0 instead of 1'],
    ],
    [
      'a flushed ruleset',
      'host',
      'nft flush ruleset',
      [
        'the table inet hawser: the table is missing',
        'the table bridge hawser: the table is missing',
      ],
    ],
    [
      'a deleted chain',
      'host',
      'nft flush chain inet hawser forward',
      ['the table inet hawser: chain forward is not as it was made'],
    ],
  ])('%s', async (_, where, damage, told) => {
    const before = world();
    names.OWNMAC = web.endpoint.mac;
    names.NEIGHBOUR = hostIfnameOf(neighbour.endpoint.key);
    lab.host.inside(() => {
      using rtnl = Rtnetlink.open();
      names.BRIDGEMAC = rtnl.link(names.BRIDGE ?? '')?.mac ?? '';
    });

    (where === 'host' ? lab.host : web).exec(damage.split(' ').map(named));
    const damaged = world();
    const dry = reconcile(true);
    expect(dry.map(({ what }) => what)).toEqual(told.map(plainly));
    expect(world()).toEqual(damaged);

    const echoes = [
      pinging(unharmed, unharmed.endpoint.addresses[0]?.gateway ?? ''),
      pinging(unharmed, where === 'web' ? OUTSIDE_ADDRESS : unharmed.address),
    ];
    expect(reconcile()).toEqual(dry);
    expect(reconcile()).toEqual([]);
    expect(world()).toEqual(before);
    await expectTraffic();
    expect(await Promise.all(echoes)).toEqual(['0% packet loss', '0% packet loss']);
  });
});
