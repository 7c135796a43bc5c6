/** A container that forges frames with a packet socket, and who gets to see them. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linkLocalOf } from '../../net/mac.ts';
import type { Place } from '../support/fakehost.ts';
import {
  arp,
  ICMPV6,
  icmp6,
  ip4,
  ip6,
  linkOption,
  ND,
  neighbour,
  OPTION,
  TYPE,
  udp,
} from '../support/packets.ts';
import { ethernet, tap, u16, type Wire } from '../support/wire.ts';
import { ask, type Container, type Lab, makeLab } from './lab.ts';

const EVERYBODY = 'ff:ff:ff:ff:ff:ff';
const [UDP, HOP_BY_HOP, FRAGMENT, DESTINATION] = [17, 0, 44, 60];

/** Who is who on a network: the forger, the one it would be, and the host. */
interface Cast {
  mac: string;
  own4: string;
  own6: string;
  victimMac: string;
  victim4: string;
  victim6: string;
  gatewayMac: string;
  gateway4: string;
  gateway6: string;
}

interface Scene extends Cast {
  forger: Container;
  victim: Container;
  wire: Wire;
  victimWire: Wire;
  hostWire: Wire;
}

let lab: Lab;
let guarded: Scene;
let open: Scene;

beforeAll(async () => {
  lab = makeLab({ uplink: true });
  // Where br_netfilter hands bridged packets to other tables, those gather fragments before anyone sees them.
  for (const calls of ['iptables', 'ip6tables', 'arptables']) {
    lab.host.exec(['sysctl', '-qw', `net.bridge.bridge-nf-call-${calls}=0`]);
  }
  guarded = scene('guarded', '10.5.0', 'fd00:5::', {});
  open = scene('open', '10.6.0', 'fd00:6::', { 'hawser.spoof-protection': 'false' });
  await Promise.all([
    lab.serve(guarded.victim, 'victim', 80),
    lab.serve(guarded.forger, 'forger', 80),
    lab.serve(lab.host, 'host', 5000),
  ]);
});
afterAll(() => {
  for (const { wire, victimWire, hostWire } of [guarded, open]) {
    for (const end of [wire, victimWire, hostWire]) end.close();
  }
  return lab.dispose();
});

function scene(
  network: string,
  net4: string,
  net6: string,
  options: Record<string, string>,
): Scene {
  const subnets = [{ subnet: `${net4}.0/24` }, { subnet: `${net6}/64` }];
  const { bridge = '' } = lab.host.inside(() =>
    lab.networking.networks.create({ name: network, subnets, options }),
  );
  const forger = lab.container(`${network}-forger`, { network });
  const victim = lab.container(`${network}-victim`, { network });
  const address6 = (at: Container) => at.endpoint.addresses[1]?.address ?? '';
  return {
    forger,
    victim,
    mac: forger.endpoint.mac,
    own4: forger.address,
    own6: address6(forger),
    victimMac: victim.endpoint.mac,
    victim4: victim.address,
    victim6: address6(victim),
    gatewayMac: JSON.parse(lab.host.exec(['ip', '-j', 'link', 'show', bridge]))[0].address,
    gateway4: `${net4}.1`,
    gateway6: `${net6}1`,
    wire: tap(forger, 'eth0'),
    victimWire: tap(victim, 'eth0'),
    hostWire: tap(lab.host, bridge),
  };
}

type Forgery = (cast: Cast) => Buffer;

const by = (from: string, type: number, payload: Buffer) =>
  ethernet(EVERYBODY, from, type, payload);
const arpOf = (c: Cast, senderMac: string, sender: string, target = c.victim4) =>
  by(c.mac, TYPE.arp, arp({ senderMac, sender, target }));
const udp4 = (c: Cast, source: string) =>
  by(c.mac, TYPE.ip, ip4(source, c.victim4, UDP, udp(1000, 9, 'forged')));
const udp6 = (c: Cast, source: string) =>
  by(c.mac, TYPE.ip6, ip6(source, c.victim6, UDP, udp(1000, 9, 'forged')));
const nd = (c: Cast, source: string, type: number, body: Buffer, to = 'ff02::1') =>
  by(c.mac, TYPE.ip6, ip6(source, to, ICMPV6, icmp6(source, to, type, body)));
/** The same behind an extension header: `next` is of 8 bytes, and names ICMPv6 as the one after. */
const behind = (
  c: Cast,
  next: number,
  header: number[],
  source: string,
  type: number,
  body: Buffer,
) => {
  const message = icmp6(source, 'ff02::1', type, body);
  return by(
    c.mac,
    TYPE.ip6,
    ip6(source, 'ff02::1', next, Buffer.concat([Buffer.from(header), message])),
  );
};
const PADDED = [ICMPV6, 0, 1, 4, 0, 0, 0, 0];
/** Offset 0, and more to come. */
const FIRST_FRAGMENT = [ICMPV6, 0, 0, 1, 0, 0, 0, 7];
/** 1,800 s as a router of medium preference (RFC 4861, 4.2). */
const router = Buffer.concat([Buffer.from([64, 0, 7, 8]), Buffer.alloc(8)]);
const linkLocal = (c: Cast) => linkLocalOf(c.mac);

const forgeries: Record<string, Forgery> = {
  "the neighbour's MAC": (c) =>
    by(c.victimMac, TYPE.ip, ip4(c.own4, c.victim4, UDP, udp(1000, 9, 'forged'))),
  "the gateway's MAC": (c) =>
    by(c.gatewayMac, TYPE.ip, ip4(c.own4, c.victim4, UDP, udp(1000, 9, 'forged'))),
  'a MAC of nobody': (c) =>
    by(
      '02:00:00:00:00:99',
      TYPE.arp,
      arp({ ...c, senderMac: c.mac, sender: c.own4, target: c.victim4 }),
    ),
  "the neighbour's IPv4 address": (c) => udp4(c, c.victim4),
  "the gateway's IPv4 address": (c) => udp4(c, c.gateway4),
  'an IPv4 address from elsewhere': (c) => udp4(c, '198.51.100.7'),
  'no IPv4 address': (c) => udp4(c, '0.0.0.0'),
  "the host's loopback address": (c) => udp4(c, '127.0.0.1'),
  "the neighbour's IPv6 address": (c) => udp6(c, c.victim6),
  "the gateway's IPv6 address": (c) => udp6(c, c.gateway6),
  "the neighbour's link-local address": (c) => udp6(c, linkLocalOf(c.victimMac)),
  'no IPv6 address': (c) => udp6(c, '::'),
  "ARP: the neighbour's address is at my MAC": (c) => arpOf(c, c.mac, c.victim4, c.gateway4),
  "ARP: the gateway's address is at my MAC": (c) => arpOf(c, c.mac, c.gateway4),
  'ARP: announces an address of nobody': (c) => arpOf(c, c.mac, '198.51.100.7', '198.51.100.7'),
  "ARP: my address is at the gateway's MAC": (c) => arpOf(c, c.gatewayMac, c.own4),
  "ARP: is the neighbour's address free?": (c) => arpOf(c, c.mac, '0.0.0.0', c.victim4),
  'ARP of another kind of address': (c) => {
    const frame = arpOf(c, c.mac, c.own4);
    frame[14 + 3] = 1; // protocol 0x0801
    return frame;
  },
  "NA: the neighbour's address is at my MAC": (c) =>
    nd(c, c.own6, ND.advertise, neighbour(c.victim6, linkOption(OPTION.target, c.mac))),
  "NA: the gateway's address is at my MAC, from a link-local address": (c) =>
    nd(c, linkLocal(c), ND.advertise, neighbour(c.gateway6, linkOption(OPTION.target, c.mac))),
  "NA: my address is at the gateway's MAC": (c) =>
    nd(c, c.own6, ND.advertise, neighbour(c.own6, linkOption(OPTION.target, c.gatewayMac))),
  "NA: my address, by the neighbour's": (c) => nd(c, c.victim6, ND.advertise, neighbour(c.own6)),
  "NA: an innocent option, then the gateway's MAC": (c) =>
    nd(
      c,
      c.own6,
      ND.advertise,
      neighbour(c.own6, linkOption(OPTION.target, c.mac), linkOption(OPTION.target, c.gatewayMac)),
    ),
  "NA: the gateway's address, behind a hop-by-hop header": (c) =>
    behind(
      c,
      HOP_BY_HOP,
      PADDED,
      c.own6,
      ND.advertise,
      neighbour(c.gateway6, linkOption(OPTION.target, c.mac)),
    ),
  "NA: the gateway's address, behind a destination header": (c) =>
    behind(
      c,
      DESTINATION,
      PADDED,
      c.own6,
      ND.advertise,
      neighbour(c.gateway6, linkOption(OPTION.target, c.mac)),
    ),
  "NA: the gateway's address, in a fragment": (c) =>
    behind(
      c,
      FRAGMENT,
      FIRST_FRAGMENT,
      c.own6,
      ND.advertise,
      neighbour(c.gateway6, linkOption(OPTION.target, c.mac)),
    ),
  "NS: who has it? I am the gateway's MAC": (c) =>
    nd(c, c.own6, ND.solicit, neighbour(c.victim6, linkOption(OPTION.source, c.gatewayMac))),
  "NS: who has it? asked by the gateway's address": (c) =>
    nd(c, c.gateway6, ND.solicit, neighbour(c.victim6, linkOption(OPTION.source, c.mac))),
  "NS: is the neighbour's address free?": (c) => nd(c, '::', ND.solicit, neighbour(c.victim6)),
  'a router advertisement': (c) => nd(c, linkLocal(c), ND.advertiseRouter, router),
  'a router advertisement behind a destination header': (c) =>
    behind(c, DESTINATION, PADDED, linkLocal(c), ND.advertiseRouter, router),
  'a router advertisement in a fragment': (c) =>
    behind(c, FRAGMENT, FIRST_FRAGMENT, linkLocal(c), ND.advertiseRouter, router),
  'a redirect': (c) =>
    nd(c, linkLocal(c), ND.redirect, Buffer.concat([neighbour(c.own6), Buffer.alloc(16)])),
  'a router solicitation with the MAC of another': (c) =>
    nd(
      c,
      c.own6,
      ND.solicitRouter,
      Buffer.concat([Buffer.alloc(4), linkOption(OPTION.source, c.victimMac)]),
    ),
  'reverse ARP': (c) =>
    by(c.mac, 0x8035, arp({ ...c, senderMac: c.mac, sender: c.own4, target: c.own4 })),
  'a frame of no known protocol': (c) => by(c.mac, 0x88b5, Buffer.from('local experiment')),
  'a frame of spanning tree': (c) =>
    ethernet(
      EVERYBODY,
      c.mac,
      0x0026,
      Buffer.concat([Buffer.from([0x42, 0x42, 3]), Buffer.alloc(35)]),
    ),
};

describe('no forged frame reaches a neighbour or the host', () => {
  it.each(Object.entries(forgeries))('%s', async (_, forge) => {
    // Without protection they all arrive: it is not for some other reason that they do not.
    expect(await arrival(open, forge(open))).toEqual({ neighbour: true, host: true });
    expect(await arrival(guarded, forge(guarded))).toEqual({ neighbour: false, host: false });
  });

  it('nor with an 802.1Q tag before it', async () => {
    const tagged = (c: Cast) =>
      by(
        c.mac,
        0x8100,
        Buffer.concat([
          u16(5),
          u16(TYPE.arp),
          arp({ senderMac: c.mac, sender: c.gateway4, target: c.victim4 }),
        ]),
      );
    // A packet socket is shown the frame without its tag.
    const shown = (c: Cast) => arpOf(c, c.mac, c.gateway4);
    expect(await arrival(open, tagged(open), shown(open))).toMatchObject({ neighbour: true });
    expect(await arrival(guarded, tagged(guarded), shown(guarded))).toEqual({
      neighbour: false,
      host: false,
    });
  });

  it('nor one past the bridge, to an address that bridges keep to themselves', async () => {
    const past = (c: Cast) =>
      ethernet(
        '01:80:c2:00:00:02',
        c.mac,
        TYPE.ip,
        ip4(c.victim4, c.gateway4, UDP, udp(1000, 9, 'forged')),
      );
    expect(await datagramsOf(open, past(open))).toBe(1);
    expect(await datagramsOf(guarded, past(guarded))).toBe(0);
  });
});

describe('what is its own a container may send', () => {
  const own: Record<string, Forgery> = {
    'an IPv4 packet': (c) => udp4(c, c.own4),
    'a later fragment of one': (c) => {
      const packet = ip4(c.own4, c.victim4, UDP, Buffer.from('the rest'));
      packet.writeUInt16BE(1, 6);
      return by(c.mac, TYPE.ip, packet);
    },
    'an IPv6 packet': (c) => udp6(c, c.own6),
    'an IPv6 packet by its link-local address': (c) => udp6(c, linkLocal(c)),
    'an announcement of its address': (c) => arpOf(c, c.mac, c.own4, c.own4),
    'whether its own address is free, by ARP': (c) => arpOf(c, c.mac, '0.0.0.0', c.own4),
    'whether its own address is free, by ND': (c) => nd(c, '::', ND.solicit, neighbour(c.own6)),
    'who has an address': (c) =>
      nd(c, c.own6, ND.solicit, neighbour(c.victim6, linkOption(OPTION.source, c.mac))),
    'that it has its address': (c) =>
      nd(c, linkLocal(c), ND.advertise, neighbour(c.own6, linkOption(OPTION.target, c.mac))),
    'which groups it is in, before it has an address': (c) =>
      nd(c, '::', 143, Buffer.alloc(4), 'ff02::16'),
    'a ping behind a destination header': (c) =>
      behind(c, DESTINATION, PADDED, c.own6, 128, Buffer.alloc(8)),
  };

  it.each(Object.entries(own))('%s', async (_, make) => {
    expect(await arrival(guarded, make(guarded))).toEqual({ neighbour: true, host: true });
  });

  it.each(['tcp', 'udp'] as const)('and it reaches and is reached by %s', async (protocol) => {
    const { forger, victim, own4, own6, victim4, victim6, gateway4, gateway6 } = guarded;
    expect(await ask(forger, protocol, victim4, 80)).toBe(`victim from ${own4}`);
    expect(await ask(forger, protocol, victim6, 80)).toBe(`victim from ${own6}`);
    expect(await ask(victim, protocol, own4, 80)).toBe(`forger from ${victim4}`);
    expect(await ask(victim, protocol, own6, 80)).toBe(`forger from ${victim6}`);
    expect(await ask(forger, protocol, gateway4, 5000)).toBe(`host from ${own4}`);
    expect(await ask(forger, protocol, gateway6, 5000)).toBe(`host from ${own6}`);
    expect(await ask(lab.host, protocol, own6, 80)).toBe(`forger from ${gateway6}`);
  });
});

describe('with CAP_NET_ADMIN', () => {
  it('a container that changes its MAC is heard by nobody until it changes back', async () => {
    const { forger, mac, victim4 } = guarded;
    forger.exec(['ip', 'link', 'set', 'eth0', 'address', '02:00:00:00:00:99']);
    expect(await ask(forger, 'udp', victim4, 80)).toBeUndefined();
    forger.exec(['ip', 'link', 'set', 'eth0', 'address', mac]);
    expect(await ask(forger, 'udp', victim4, 80)).toMatch(/^victim from/);
  });

  it("a container that takes the gateway's address does not get its traffic", async () => {
    const { forger, victim, gateway4, gatewayMac } = guarded;
    forger.exec(['ip', 'address', 'add', `${gateway4}/24`, 'dev', 'eth0']);
    forger.exec(['ip', 'neigh', 'flush', 'all']);
    victim.exec(['ip', 'neigh', 'flush', 'all']);
    expect(await ask(victim, 'udp', gateway4, 5000)).toMatch(/^host from/);
    expect(victim.exec(['ip', 'neigh', 'show', gateway4])).toContain(gatewayMac);
    forger.exec(['ip', 'address', 'del', `${gateway4}/24`, 'dev', 'eth0']);
  });

  it('an address that it gives itself leads nowhere', async () => {
    const { forger, victim4 } = guarded;
    forger.exec(['ip', 'address', 'add', '10.5.0.77/24', 'dev', 'lo']);
    const from = ['ip', 'route', 'replace', `${victim4}/32`, 'dev', 'eth0', 'src', '10.5.0.77'];
    forger.exec(from);
    expect(await ask(forger, 'udp', victim4, 80)).toBeUndefined();
    forger.exec(['ip', 'route', 'del', `${victim4}/32`]);
    forger.exec(['ip', 'address', 'del', '10.5.0.77/24', 'dev', 'lo']);
  });
});

describe('a network without IPv6', () => {
  it('carries none, whatever a container makes itself', async () => {
    const { bridge = '' } = lab.host.inside(() => lab.networking.networks.create({ name: 'four' }));
    const [one, other] = ['four-one', 'four-other'].map((name) =>
      lab.container(name, { network: 'four' }),
    );
    if (one === undefined || other === undefined) throw new Error('no containers');
    const [wire, otherWire, hostWire] = [
      tap(one, 'eth0'),
      tap(other, 'eth0'),
      tap(lab.host, bridge),
    ];
    const { mac } = one.endpoint;
    const frame = by(mac, TYPE.ip6, ip6(linkLocalOf(mac), 'ff02::1', UDP, udp(1000, 9, 'forged')));
    const end = by(
      mac,
      TYPE.arp,
      arp({ senderMac: mac, sender: one.address, target: one.address }),
    );
    expect(await arrivalOn(wire, otherWire, hostWire, frame, end)).toEqual({
      neighbour: false,
      host: false,
    });
    for (const each of [wire, otherWire, hostWire]) each.close();
  });
});

describe('before and after', () => {
  it('an endpoint is there, its port lets nothing pass', async () => {
    const { forger } = guarded;
    lab.host.exec(['nft', 'flush', 'set', 'bridge', 'hawser', 'macs']);
    expect(await ask(forger, 'udp', guarded.victim4, 80)).toBeUndefined();
    lab.host.inside(() => lab.networking.reload());
    expect(await ask(forger, 'udp', guarded.victim4, 80)).toMatch(/^victim from/);
  });

  it('detaching leaves none of its elements', () => {
    const { endpoint, sandbox } = lab.container('passing', { network: 'guarded' });
    const listed = () => lab.host.exec(['nft', 'list', 'table', 'bridge', 'hawser']);
    expect(listed().split(endpoint.hostIfname ?? '?')).toHaveLength(1 + 7);
    lab.host.inside(() => lab.networking.detach({ sandbox: sandbox.id }));
    expect(listed()).not.toContain(endpoint.hostIfname);
  });
});

function arrival(on: Scene, frame: Buffer, shown = frame) {
  const end = arpOf(
    on,
    on.mac,
    on.own4,
    `${on.gateway4.replace(/1$/, '')}${(serial++ % 200) + 50}`,
  );
  return arrivalOn(on.wire, on.victimWire, on.hostWire, frame, end, shown);
}
let serial = 0;

/** Who has seen a frame by the time that a lawful one, sent after it, has come to both. */
async function arrivalOn(
  wire: Wire,
  neighbourWire: Wire,
  hostWire: Wire,
  frame: Buffer,
  end: Buffer,
  shown = frame,
): Promise<{ neighbour: boolean; host: boolean }> {
  for (const each of [wire, neighbourWire, hostWire]) each.seen();
  wire.send(frame);
  wire.send(end);
  const seen = async (at: Wire): Promise<boolean> => {
    const frames = at.seen();
    for (let tries = 0; !frames.some((one) => one.equals(end)); tries++) {
      if (tries === 200) throw new Error('the lawful frame did not arrive either');
      await delay(10);
      frames.push(...at.seen());
    }
    return frames.some((one) => one.equals(shown));
  };
  return { neighbour: await seen(neighbourWire), host: await seen(hostWire) };
}

/** How many datagrams to a port where nobody listens the host counts for a frame. */
async function datagramsOf(on: Scene, frame: Buffer): Promise<number> {
  const before = unheard(lab.host);
  await arrival(on, frame);
  return unheard(lab.host) - before;
}

/** Udp: NoPorts (RFC 4113). */
function unheard(at: Place): number {
  const text = at.inside(() => readFileSync('/proc/thread-self/net/snmp', 'utf8'));
  const [names = '', values = ''] = text.split('\n').filter((line) => line.startsWith('Udp: '));
  return Number(values.split(' ')[names.split(' ').indexOf('NoPorts')]);
}
