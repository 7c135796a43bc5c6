import { afterEach, beforeEach, expect, test } from 'vitest';
import { pinNetns, unpinNetns } from '../../native/netns.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { SysError } from '../../native/sys-error.ts';
import { type FakeHost, makeFakeHost } from '../support/fakehost.ts';

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
