/** What the kernel counts, against what was sent. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { unpinNetns } from '../../native/netns.ts';
import type { Counters } from '../../net/model.ts';
import { ip4, TYPE, udp } from '../support/packets.ts';
import { ethernet, tap, type Wire } from '../support/wire.ts';
import { type Container, type Lab, makeLab } from './lab.ts';

const UDP = 17;
/** An EtherType for experiments (IEEE 802), which nobody receives. */
const NOBODY = 0x88b5;
let lab: Lab;
let web: Container;
let neighbour: Container;
let wire: Wire;
let host: Wire;

beforeAll(() => {
  lab = makeLab();
  web = lab.container('web');
  neighbour = lab.container('neighbour');
  wire = tap(neighbour, 'eth0');
  host = tap(lab.host, 'hawser0');
});
afterAll(() => {
  wire.close();
  host.close();
  return lab.dispose();
});

function of(container: Container): Counters {
  const counters = lab.host.inside(() => lab.networking.endpointCounters(container.endpoint));
  if (counters === undefined) throw new Error('it has no counters');
  return counters;
}

/** A hundred frames of a hundred bytes to web. */
function send(from: Wire, type: number, payload: (bytes: number) => Buffer): void {
  const frame = ethernet(web.endpoint.mac, neighbour.endpoint.mac, type, payload(100 - 14));
  expect(frame).toHaveLength(100);
  for (let i = 0; i < 100; i++) from.send(frame);
}

it('counts what an endpoint sends and another receives, to the byte', () => {
  const [sent, received] = [of(neighbour), of(web)];
  send(wire, TYPE.ip, (bytes) => {
    const body = udp(1000, 9, 'x'.repeat(bytes - 28));
    return ip4(neighbour.address, web.address, UDP, body);
  });
  // Others may have something to say meanwhile: neighbour discovery, listeners' reports.
  expect(of(neighbour).tx.bytes - sent.tx.bytes).toBeGreaterThanOrEqual(10_000);
  expect(of(neighbour).tx.packets - sent.tx.packets).toBeGreaterThanOrEqual(100);
  expect(of(web).rx.bytes - received.rx.bytes).toBeGreaterThanOrEqual(10_000);
  expect(of(web).rx.bytes - received.rx.bytes).toBeLessThan(15_000);
  expect(of(web).rx.packets - received.rx.packets).toBeGreaterThanOrEqual(100);
});

it('counts what is dropped, as nobody wants it', () => {
  const { rx } = of(web);
  send(host, NOBODY, (bytes) => Buffer.alloc(bytes));
  expect(of(web).rx.drops - rx.drops).toBe(100);
  expect(of(web).rx.errors).toBe(0);
});

it('counts by network what the host has exchanged with it', () => {
  const networks = lab.networking.networks.list();
  const ofBridge = () => {
    const counters = lab.host.inside(() => lab.networking.networkCounters(networks));
    return [...counters.values()][0];
  };
  const before = ofBridge();
  web.exec(['bash', '-c', `for i in {1..50}; do echo -n 0123456789 >/dev/udp/172.17.0.1/9; done`]);
  const after = ofBridge();
  expect((after?.rx.packets ?? 0) - (before?.rx.packets ?? 0)).toBeGreaterThanOrEqual(50);
  // Each datagram of 10 bytes is one of 38, the bridge counts without its Ethernet header or with.
  expect((after?.rx.bytes ?? 0) - (before?.rx.bytes ?? 0)).toBeGreaterThanOrEqual(50 * 38);
});

it('has nothing to say of what is gone', () => {
  const gone = lab.container('gone');
  gone.exec(['ip', 'link', 'del', 'eth0']);
  const counters = () => lab.host.inside(() => lab.networking.endpointCounters(gone.endpoint));
  expect(counters()).toBeUndefined();
  unpinNetns(gone.sandbox.path);
  expect(counters()).toBeUndefined();
  const none = lab.host.inside(() => lab.networking.networkCounters([{ id: 'x', bridge: 'no' }]));
  expect(none.size).toBe(0);
});
