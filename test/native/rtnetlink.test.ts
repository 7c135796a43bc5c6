import { afterEach, beforeEach, expect, test } from 'vitest';
import { pinNetns, unpinNetns } from '../../native/netns.ts';
import { decodeLink, getLinks } from '../../native/rtnetlink/link.ts';
import type { Reply } from '../../native/rtnetlink/message.ts';
import { MAIN_TABLE } from '../../native/rtnetlink/route.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { NetlinkSocket } from '../../native/rtnetlink/socket.ts';
import { SysError } from '../../native/sys-error.ts';
import { type FakeHost, makeFakeHost, place } from '../support/fakehost.ts';

let host: FakeHost;
let sandbox: string;
let rtnl: Rtnetlink;

beforeEach(() => {
  host = makeFakeHost();
  sandbox = `${host.dir}/sandbox.netns`;
  pinNetns(sandbox);
  rtnl = Rtnetlink.open(host.netns);
});

afterEach(() => {
  rtnl.close();
  unpinNetns(sandbox);
  host.dispose();
});

/** What ip(8) sees: an independent reader of the same kernel. */
function ip(...args: string[]): Record<string, unknown>[] {
  return JSON.parse(host.exec(['ip', '-json', '-details', ...args]));
}

function thrown(work: () => void): SysError {
  try {
    work();
  } catch (error) {
    if (error instanceof SysError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('a bridge is made as asked, listed, and removed', () => {
  rtnl.addBridge({
    name: 'br0',
    mac: '02:42:0a:05:00:01',
    mtu: 1400,
    alias: 'hawser:net',
    up: true,
    multicastSnooping: false,
  });
  expect(rtnl.link('br0')).toMatchObject({
    name: 'br0',
    mac: '02:42:0a:05:00:01',
    mtu: 1400,
    up: true,
    kind: 'bridge',
    alias: 'hawser:net',
    master: undefined,
  });
  expect(ip('link', 'show', 'br0')[0]).toMatchObject({
    ifalias: 'hawser:net',
    linkinfo: { info_kind: 'bridge', info_data: { stp_state: 0, mcast_snooping: 0 } },
  });
  expect(rtnl.links().map((link) => link.name)).toEqual(['lo', 'br0']);
  expect(rtnl.removeLink('br0')).toBe(true);
  expect(rtnl.removeLink('br0')).toBe(false);
  expect(rtnl.link('br0')).toBeUndefined();
});

test('a veth peer is born in its namespace', () => {
  rtnl.addBridge({ name: 'br0', up: true });
  rtnl.addVeth({
    name: 'hv0',
    alias: 'hawser:web/eth0',
    master: 'br0',
    mtu: 1450,
    up: true,
    peer: { name: 'eth0', mac: '02:42:0a:05:00:09', mtu: 1450, netns: sandbox },
  });
  const inner = Rtnetlink.open(sandbox);
  try {
    inner.setLink('eth0', { up: true });
    const peer = inner.link('eth0');
    const port = rtnl.link('hv0');
    expect(peer).toMatchObject({ mac: '02:42:0a:05:00:09', mtu: 1450, up: true, kind: 'veth' });
    expect(port).toMatchObject({ alias: 'hawser:web/eth0', mtu: 1450, running: true });
    expect(port?.master).toBe(rtnl.link('br0')?.index);
    expect(port?.linkIndex).toBe(peer?.index);
    expect(port?.peerNetnsId).toBeTypeOf('number');
  } finally {
    inner.close();
  }
});

test('a failure carries the errno and the sentence of the kernel', () => {
  rtnl.addBridge({ name: 'br0' });
  const taken = thrown(() => rtnl.addBridge({ name: 'br0' }));
  expect(taken.code).toBe('EEXIST');
  expect(taken.message).toBe('make the bridge br0: File exists');

  rtnl.setLink('br0', { up: true });
  rtnl.addAddress('br0', { address: '10.5.0.1', prefix: 24 });
  const again = thrown(() => rtnl.addAddress('br0', { address: '10.5.0.1', prefix: 24 }));
  expect(again).toMatchObject({ code: 'EEXIST', detail: 'ipv4: Address already assigned' });
  expect(again.message).toBe(
    'add 10.5.0.1/24 to br0: File exists (ipv4: Address already assigned)',
  );

  const unreachable = thrown(() => rtnl.addRoute({ destination: 'default', gateway: '10.9.0.1' }));
  expect(unreachable.message).toBe(
    'add the route default via 10.9.0.1: Network is unreachable (Nexthop has invalid gateway)',
  );
  expect(thrown(() => rtnl.addAddress('br1', { address: '10.5.0.1', prefix: 24 })).code).toBe(
    'ENODEV',
  );
  expect(thrown(() => rtnl.addAddress('br0', { address: '10.5.0', prefix: 24 })).message).toBe(
    'read 10.5.0 as an IP address: Invalid argument',
  );
});

test('a link whose making fails leaves a link of the same name as it was', () => {
  rtnl.addBridge({ name: 'br0', alias: "somebody's" });
  thrown(() =>
    rtnl.addVeth({ name: 'br0', alias: 'ours', up: true, peer: { name: 'eth0', netns: sandbox } }),
  );
  expect(rtnl.link('br0')).toMatchObject({ kind: 'bridge', alias: "somebody's", up: false });
});

test('addresses of both families, at once usable, come and go', () => {
  rtnl.addBridge({ name: 'br0', up: true });
  rtnl.addAddress('br0', { address: '10.5.0.1', prefix: 24, broadcast: '10.5.0.255' });
  rtnl.addAddress('br0', { address: 'fd00:5::1', prefix: 64, nodad: true });
  const list = rtnl.addresses('br0').filter(({ address }) => !address.startsWith('fe80'));
  expect(list).toMatchObject([
    { address: '10.5.0.1', prefix: 24, broadcast: '10.5.0.255', tentative: false },
    { address: 'fd00:5::1', prefix: 64, broadcast: undefined, tentative: false, duplicate: false },
  ]);
  expect(rtnl.addresses().map(({ address }) => address)).toEqual(
    expect.arrayContaining(['127.0.0.1', '::1', '10.5.0.1']),
  );
  expect(rtnl.removeAddress('br0', { address: 'fd00:5::1', prefix: 64 })).toBe(true);
  expect(rtnl.removeAddress('br0', { address: 'fd00:5::1', prefix: 64 })).toBe(false);
});

test('routes of both families come and go', () => {
  rtnl.addBridge({ name: 'br0', up: true });
  const br0 = rtnl.link('br0')?.index;
  rtnl.addAddress('br0', { address: '10.5.0.2', prefix: 24 });
  rtnl.addAddress('br0', { address: 'fd00:5::2', prefix: 64, nodad: true });
  rtnl.addRoute({ destination: 'default', gateway: '10.5.0.1', metric: 5, source: '10.5.0.2' });
  rtnl.addRoute({ destination: 'default', gateway: 'fd00:5::1', link: 'br0' });
  rtnl.addRoute({ destination: '10.6.0.0/16', link: 'br0' });
  rtnl.addRoute({ destination: '10.7.0.1', gateway: '10.99.0.1', link: 'br0', onlink: true });
  rtnl.addRoute({ destination: '10.8.0.0/16', type: 'BLACKHOLE', table: 300 });
  expect(rtnl.routes({ table: MAIN_TABLE, family: 4 })).toMatchObject([
    { destination: 'default', gateway: '10.5.0.1', link: br0, metric: 5, source: '10.5.0.2' },
    { destination: '10.5.0.0/24', gateway: undefined, link: br0, protocol: 'KERNEL' },
    { destination: '10.6.0.0/16', gateway: undefined, link: br0, protocol: 'STATIC' },
    { destination: '10.7.0.1/32', gateway: '10.99.0.1', link: br0, type: 'UNICAST' },
  ]);
  expect(rtnl.routes({ table: MAIN_TABLE, family: 6 })).toContainEqual(
    expect.objectContaining({ destination: 'default', gateway: 'fd00:5::1', family: 6 }),
  );
  expect(rtnl.routes({ table: 300 })).toMatchObject([
    { destination: '10.8.0.0/16', type: 'BLACKHOLE', link: undefined },
  ]);
  expect(rtnl.routes({ table: 301 })).toEqual([]);
  expect(thrown(() => rtnl.addRoute({ destination: '10.6.0.0/16', link: 'br0' })).code).toBe(
    'EEXIST',
  );
  rtnl.addRoute({ destination: '10.6.0.0/16', gateway: '10.5.0.9', replace: true });
  expect(host.exec(['ip', 'route', 'get', '10.6.1.1'])).toContain('via 10.5.0.9');
  expect(rtnl.removeRoute({ destination: 'default' })).toBe(true);
  expect(rtnl.removeRoute({ destination: 'default' })).toBe(false);
});

test('a route of several ways, and one by way of the other family, are told by their first way', () => {
  rtnl.addBridge({ name: 'br0', up: true });
  const br0 = rtnl.link('br0')?.index;
  rtnl.addAddress('br0', { address: '10.5.0.2', prefix: 24 });
  const hops = ['nexthop', 'via', '10.5.0.3', 'nexthop', 'via', '10.5.0.4'];
  host.exec(['ip', 'route', 'add', '10.6.0.0/16', ...hops]);
  host.exec(['ip', 'route', 'add', '10.7.0.0/16', 'via', 'inet6', 'fe80::1', 'dev', 'br0']);
  expect(rtnl.routes({ family: 4, table: MAIN_TABLE })).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ destination: '10.6.0.0/16', gateway: '10.5.0.3', link: br0 }),
      expect.objectContaining({ destination: '10.7.0.0/16', gateway: undefined, link: br0 }),
    ]),
  );
});

test('bridge ports take their settings, and links change', () => {
  rtnl.addBridge({ name: 'br0' });
  rtnl.addVeth({ name: 'hv0', master: 'br0', peer: { name: 'hv1' } });
  rtnl.setBridgePort('hv0', { hairpin: true, isolated: true, learning: false });
  expect(ip('link', 'show', 'hv0')[0]).toMatchObject({
    linkinfo: { info_slave_data: { hairpin: true, isolated: true, learning: false, guard: false } },
  });
  const settings = { hairpin: true, isolated: true, learning: false, flood: true };
  expect(rtnl.bridgePort('hv0')).toEqual({ ...settings, bpduGuard: false });
  expect(rtnl.bridgePort('hv1')).toBeUndefined();
  expect(rtnl.bridgePort('nowhere')).toBeUndefined();
  rtnl.setLink('hv0', {
    name: 'port0',
    mtu: 1300,
    mac: '02:00:00:00:00:01',
    alias: 'a',
    master: 0,
  });
  expect(rtnl.link('port0')).toMatchObject({
    mtu: 1300,
    mac: '02:00:00:00:00:01',
    alias: 'a',
    master: undefined,
  });
  rtnl.setLink('hv1', { netns: sandbox });
  expect(rtnl.link('hv1')).toBeUndefined();
  expect(place(sandbox).exec(['ip', 'link'])).toContain('hv1');
  expect(rtnl.removeLink('port0')).toBe(true);
  expect(place(sandbox).exec(['ip', 'link'])).not.toContain('hv1');
});

test('neighbours are set, listed and forgotten', () => {
  rtnl.addBridge({ name: 'br0', up: true });
  rtnl.setNeighbour('br0', '10.5.0.9', '02:42:0a:05:00:09');
  rtnl.setNeighbour('br0', 'fd00::9', '02:42:0a:05:00:09');
  const set = rtnl.neighbours('br0').filter(({ permanent }) => permanent); // the kernel adds its own
  expect(set).toMatchObject([
    { address: '10.5.0.9', mac: '02:42:0a:05:00:09', permanent: true },
    { address: 'fd00::9', mac: '02:42:0a:05:00:09', permanent: true },
  ]);
  expect(rtnl.removeNeighbour('br0', '10.5.0.9')).toBe(true);
  expect(rtnl.removeNeighbour('br0', '10.5.0.9')).toBe(false);
});

test('a batch keeps its order, answers questions as of where they stand, and throws its first failure', () => {
  rtnl.addBridge({ name: 'br0' });
  const up = rtnl.batch(() => {
    rtnl.setLink('br0', { up: true });
    const seen = rtnl.link('br0')?.up;
    for (let i = 1; i <= 200; i++) {
      rtnl.addAddress('br0', { address: `10.5.0.${i}`, prefix: 24 });
    }
    return seen;
  });
  expect(up).toBe(true);
  expect(rtnl.addresses('br0').filter(({ address }) => address.startsWith('10.'))).toHaveLength(
    200,
  );
  const index = rtnl.link('br0')?.index ?? 0;
  const failure = thrown(() =>
    rtnl.batch(() => {
      rtnl.addAddress(index, { address: '10.5.1.1', prefix: 24 });
      rtnl.addAddress(index, { address: '10.5.0.7', prefix: 24 });
      rtnl.addAddress(index, { address: '10.5.0.8', prefix: 24 });
    }),
  );
  expect(failure.message).toContain(`add 10.5.0.7/24 to interface ${index}: File exists`);
  expect(rtnl.link('br0')?.up).toBe(true); // nothing of it is left over for the next answer
});

test('a long list is read whole', () => {
  for (let i = 0; i < 60; i++) rtnl.addBridge({ name: `br${i}`, alias: 'x'.repeat(200) });
  expect(rtnl.links()).toHaveLength(61);
});

test('a list that changes while it is read is read again', () => {
  const meddler = Rtnetlink.open(host.netns);
  const socket = host.inside(() => new NetlinkSocket(0));
  try {
    for (let i = 0; i < 90; i++) rtnl.addBridge({ name: `br${i}` }); // more than the parts the kernel reads ahead
    let decoded = 0;
    const meddleOnce = (reply: Reply): string => {
      if (decoded++ === 0) meddler.removeLink('br20');
      return decodeLink(reply).name;
    };
    const names = socket.dump(getLinks(), meddleOnce);
    expect(new Set(names).size).toBe(90);
    expect(names).toHaveLength(90); // lo, and the 89 that are left
    expect(decoded).toBeGreaterThan(90);

    const meddleEachTime = (reply: Reply): void => {
      if (decodeLink(reply).name === 'lo') meddler.addBridge({ name: `more${decoded++}` });
    };
    expect(thrown(() => socket.dump(getLinks(), meddleEachTime)).message).toBe(
      'list the interfaces: Interrupted system call (it kept changing while it was read)',
    );
  } finally {
    socket.close();
    meddler.close();
  }
});
