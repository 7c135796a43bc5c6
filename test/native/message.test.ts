/** Bytes against the codec's own decoders, and against what the kernel's headers prescribe. */
import {
  parseAddress,
  parseAddressAttrs,
  parseLink,
  parseRoute,
  parseRouteAttrs,
} from 'netlink/dist/rt/gen_structs.js';
import {
  parseBridge,
  parseBridgePort,
  parseInfo,
  parseLinkAttrs,
  parseVethInfo,
} from 'netlink/dist/rt/ifla.js';
import { formatMessage, parseMessages } from 'netlink/dist/structs.js';
import { expect, test } from 'vitest';
import { addressBytes, addressText, macBytes, macText } from '../../native/address-text.ts';
import { newAddress } from '../../native/rtnetlink/address.ts';
import { changeBridgePort, newBridge } from '../../native/rtnetlink/bridge.ts';
import { changeLink, decodeLink } from '../../native/rtnetlink/link.ts';
import {
  encode,
  frame,
  NLMSG_DONE,
  NLMSG_ERROR,
  only,
  type Request,
  verdict,
} from '../../native/rtnetlink/message.ts';
import { deleteRoute, newRoute } from '../../native/rtnetlink/route.ts';
import { newVeth } from '../../native/rtnetlink/veth.ts';

const link = ({ payload }: Request) => ({
  header: parseLink(payload.subarray(0, 16)),
  attrs: parseLinkAttrs(payload.subarray(16)),
});
const info = (request: Request) => parseInfo(link(request).attrs.linkinfo ?? Buffer.alloc(0));

test('a bridge', () => {
  const request = newBridge({
    name: 'br0',
    mac: '02:42:0a:05:00:01',
    mtu: 1400,
    up: true,
    multicastSnooping: false,
  });
  expect(request).toMatchObject({ type: 16, flags: 0x600 });
  expect(link(request)).toMatchObject({
    header: { index: 0, flags: { up: true }, change: { up: true } },
    attrs: { ifname: 'br0', address: macBytes('02:42:0a:05:00:01'), mtu: 1400 },
  });
  expect(info(request).kind).toBe('bridge');
  expect(parseBridge(info(request).data ?? Buffer.alloc(0))).toEqual({
    stpState: Buffer.from([0, 0, 0, 0]),
    mcastSnooping: Buffer.from([0]),
  });
});

test('a veth pair describes its peer whole, namespace and all', () => {
  const spec = { name: 'hv0', mtu: 1450, peer: { name: 'eth0', mac: '02:00:00:00:00:01' } };
  const request = newVeth(spec, { master: 7, netns: 21 });
  expect(link(request).attrs).toMatchObject({ ifname: 'hv0', mtu: 1450, master: 7 });
  const { peer = Buffer.alloc(0) } = parseVethInfo(info(request).data ?? Buffer.alloc(0));
  expect(parseLink(peer.subarray(0, 16))).toMatchObject({ index: 0, flags: {} });
  expect(parseLinkAttrs(peer.subarray(16))).toEqual({
    ifname: 'eth0',
    address: macBytes('02:00:00:00:00:01'),
    netNsFd: 21,
  });
});

test('a change says only what changes, and finds its link by index or name', () => {
  expect(link(changeLink(3, { name: 'eth0' }))).toMatchObject({
    header: { index: 3, flags: {}, change: {} },
    attrs: { ifname: 'eth0' },
  });
  expect(link(changeLink('hv0', { up: false, alias: 'a' }))).toMatchObject({
    header: { index: 0, flags: {}, change: { up: true } },
    attrs: { ifname: 'hv0', ifalias: 'a' },
  });
});

test('a bridge port', () => {
  const { slaveKind, slaveData = Buffer.alloc(0) } = info(
    changeBridgePort('hv0', { hairpin: true, isolated: false }),
  );
  expect(slaveKind).toBe('bridge');
  expect(parseBridgePort(slaveData)).toEqual({ mode: 1, isolated: Buffer.from([0]) });
});

test('an address', () => {
  const { payload } = newAddress(3, 'eth0', { address: 'fd00::5', prefix: 64, nodad: true });
  expect(parseAddress(payload.subarray(0, 8))).toMatchObject({
    family: 10,
    prefixlen: 64,
    index: 3,
  });
  expect(parseAddressAttrs(payload.subarray(8))).toEqual({
    local: addressBytes('fd00::5'),
    address: addressBytes('fd00::5'),
    flags: { nodad: true },
  });
});

test('routes', () => {
  const added = newRoute({ destination: '10.6.0.0/16', gateway: '10.5.0.1', metric: 9 }, 3).payload;
  expect(parseRoute(added.subarray(0, 12))).toMatchObject({
    family: 2,
    dstLen: 16,
    table: 254,
    protocol: 'STATIC',
    scope: 'UNIVERSE',
    type: 'UNICAST',
  });
  expect(parseRouteAttrs(added.subarray(12))).toEqual({
    table: 254,
    dst: addressBytes('10.6.0.0'),
    gateway: addressBytes('10.5.0.1'),
    oif: 3,
    priority: 9,
  });
  const removed = deleteRoute({ destination: 'default', family: 6 }, undefined).payload;
  expect(parseRoute(removed.subarray(0, 12))).toMatchObject({
    family: 10,
    dstLen: 0,
    type: 'UNSPEC',
    scope: 'NOWHERE',
  });
});

test('requests are framed one behind the other, numbered and aligned', () => {
  const requests = [changeLink('a', { up: true }), changeLink('abcdef', { up: true })];
  const messages = parseMessages(frame(requests, 41));
  expect(messages.map(({ seq, flags }) => [seq, flags])).toEqual([
    [41, 1],
    [42, 1],
  ]);
  expect(messages.map(({ data }) => data)).toEqual(requests.map(({ payload }) => payload));
  for (const { payload } of requests) expect(payload.length % 4).toBe(0);
});

const attribute = (type: number, text: string): Buffer => {
  const bytes = Buffer.alloc(4 + text.length + 1);
  bytes.writeUInt16LE(bytes.length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.write(text, 4);
  return encode(bytes);
};

test('a verdict is read with and without the echo of the request, and at the end of a list', () => {
  const errno = Buffer.alloc(4);
  errno.writeInt32LE(-17);
  const request = Buffer.concat(
    formatMessage({ type: 16, flags: 1, seq: 1, port: 0, data: Buffer.alloc(13) }),
  );
  const padded = Buffer.concat([request, Buffer.alloc(3)]);
  const said = attribute(1, 'so it is');
  const of = (type: number, flags: number, ...parts: Buffer[]) =>
    verdict({ type, flags, seq: 1, payload: Buffer.concat([errno, ...parts]) });
  expect(of(NLMSG_ERROR, 0x200, padded, said)).toEqual({ errno: 17, detail: 'so it is' });
  expect(of(NLMSG_ERROR, 0x300, request.subarray(0, 16), said)).toEqual({
    errno: 17,
    detail: 'so it is',
  });
  expect(of(NLMSG_ERROR, 0, padded)).toEqual({ errno: 17, detail: undefined });
  expect(of(NLMSG_DONE, 0x202, said)).toEqual({ errno: 17, detail: 'so it is' });
});

test('attributes that nobody asked about cannot spoil a link', () => {
  const odd = attribute(12, 'of a shape that the decoder does not know');
  const name = attribute(3, 'eth0');
  const payload = Buffer.concat([Buffer.alloc(16), odd, name, Buffer.from([1, 0])]);
  expect(decodeLink({ type: 16, flags: 0, seq: 1, payload }).name).toBe('eth0');
  expect(only(Buffer.concat([odd, name]), new Set([3]))).toEqual(name);
});

test('addresses are read and written in their canonical form', () => {
  for (const [text, canonical] of [
    ['10.5.0.9', '10.5.0.9'],
    ['fd00:0:0:0:0:0:0:5', 'fd00::5'],
    ['::', '::'],
    ['2001:DB8::1:0:0:1', '2001:db8::1:0:0:1'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
  ] as const) {
    expect(addressText(addressBytes(text))).toBe(canonical);
  }
  expect(macText(macBytes('02:42:0A:05:00:09'))).toBe('02:42:0a:05:00:09');
  for (const bad of ['', '10.5.0', '10.5.0.256', '::g', '10.5.0.9 ', '010.5.0.9']) {
    expect(() => addressBytes(bad)).toThrow('Invalid argument');
  }
  for (const bad of ['', '02:42', '02:42:0a:05:00:0g', '02-42-0a-05-00-09']) {
    expect(() => macBytes(bad)).toThrow('Invalid argument');
  }
});
