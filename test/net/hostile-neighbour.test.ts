/** A second host on the host's own segment that writes whatever it likes into its frames. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressBytes } from '../../native/address-text.ts';
import {
  HOST_ADDRESS,
  HOST_ADDRESS6,
  OUTSIDE_ADDRESS,
  OUTSIDE_ADDRESS6,
  type Place,
} from '../support/fakehost.ts';
import { ip4, ip6, TYPE, udp } from '../support/packets.ts';
import { checksum, ethernet, tap, u16, type Wire } from '../support/wire.ts';
import { type Container, type Lab, makeLab } from './lab.ts';

const UDP = 17;
let lab: Lab;
let web: Container;
let neighbour: Container;
let outside: Wire;
let inside: Wire;
let loopback: Wire;
let macs: { host: string; outside: string };

beforeAll(async () => {
  lab = makeLab({ uplink: true });
  if (lab.host.outside === undefined) throw new Error('the host has no uplink');
  for (const name of ['all', 'default', 'eth0']) {
    // Without the kernel's own checks, so that what is seen is hawser's doing.
    lab.host.exec(['sysctl', '-qw', `net.ipv4.conf.${name}.rp_filter=0`]);
    lab.host.exec(['sysctl', '-qw', `net.ipv4.conf.${name}.route_localnet=1`]);
  }
  for (const what of ['ip', 'ip6']) {
    lab.host.exec(['sysctl', '-qw', `net.bridge.bridge-nf-call-${what}tables=0`]);
  }
  lab.host.inside(() => lab.networking.networks.create({ name: 'dual', ipv6: true }));
  const ports = ['8080:80/udp', '127.0.0.1:8081:80/udp', '[::1]:8081:80/udp'];
  web = lab.container('web', { network: 'dual', ports });
  neighbour = lab.container('neighbour', { network: 'dual' });
  await lab.serve(web, 'web', 80);
  outside = tap(lab.host.outside, 'eth0');
  inside = tap(web, 'eth0');
  loopback = tap(lab.host, 'lo');
  macs = { host: macOf(lab.host), outside: macOf(lab.host.outside) };
});
afterAll(() => {
  for (const wire of [outside, inside, loopback]) wire.close();
  return lab.dispose();
});

function macOf(at: Place): string {
  return JSON.parse(at.exec(['ip', '-j', 'link', 'show', 'eth0']))[0].address;
}

/** A datagram as the neighbour writes it; the text says what is seen of it. */
function send(source: string, destination: string, port: number, text: string): void {
  const body = udp(1000, port, text);
  const six = destination.includes(':');
  const packet = (six ? ip6 : ip4)(
    source,
    destination,
    UDP,
    six ? summed(source, destination, body) : body,
  );
  outside.send(ethernet(macs.host, macs.outside, six ? TYPE.ip6 : TYPE.ip, packet));
}

/** Over IPv6 a datagram must have a checksum (RFC 8200, 8.1). */
function summed(source: string, destination: string, body: Buffer): Buffer {
  const pseudo = Buffer.concat([
    addressBytes(source),
    addressBytes(destination),
    u16(0),
    u16(body.length),
    u16(0),
    u16(UDP),
  ]);
  const whole = Buffer.from(body);
  whole.writeUInt16BE(checksum(Buffer.concat([pseudo, body])), 6);
  return whole;
}

/** What comes through before a datagram that is let through, which was sent after all others. */
async function seenBefore(wire: Wire): Promise<string[]> {
  send(OUTSIDE_ADDRESS, HOST_ADDRESS, 8080, 'HONEST');
  const seen: string[] = [];
  for (let turn = 0; turn < 200; turn++) {
    seen.push(...[...wire.seen(), ...loopback.seen()].flatMap(textOf));
    if (seen.includes('HONEST')) return seen.filter((text) => text !== 'HONEST');
    await delay(10);
  }
  throw new Error('not even an honest datagram came through');
}

function textOf(frame: Buffer): string[] {
  return frame.toString('latin1').match(/HONEST|FORGED/g) ?? [];
}

describe('what is let through', () => {
  it('is a datagram for a port published on all addresses, with the address of who sends', async () => {
    await seenBefore(inside);
    for (const [source, destination] of [
      [OUTSIDE_ADDRESS, HOST_ADDRESS],
      [OUTSIDE_ADDRESS6, HOST_ADDRESS6],
    ] as const) {
      send(source, destination, 8080, 'FORGED');
      expect(await seenBefore(inside)).toEqual(['FORGED']);
    }
  });
});

describe('what is not', () => {
  const own = (at: Container, six: boolean) => at.endpoint.addresses[six ? 1 : 0]?.address ?? '';
  const gateway = (six: boolean) => web.endpoint.addresses[six ? 1 : 0]?.gateway ?? '';

  it.each([
    ['the loopback', () => [OUTSIDE_ADDRESS, '127.0.0.1', 8081]],
    ['the loopback, as the loopback', () => ['127.0.0.1', '127.0.0.1', 8081]],
    ['the loopback, as the host', () => [HOST_ADDRESS, '127.0.0.1', 8081]],
    ['the loopback, as a container', () => [own(neighbour, false), '127.0.0.1', 8081]],
    ['another address of the loopback', () => [OUTSIDE_ADDRESS, '127.7.7.7', 8080]],
    ['the host, as its loopback', () => ['127.0.0.1', HOST_ADDRESS, 8080]],
    [
      'the port on the loopback, by an address of the host',
      () => [OUTSIDE_ADDRESS, HOST_ADDRESS, 8081],
    ],
    ['the container itself', () => [OUTSIDE_ADDRESS, own(web, false), 80]],
    ['the container itself, as its gateway', () => [gateway(false), own(web, false), 80]],
    ['the container itself, as its neighbour', () => [own(neighbour, false), own(web, false), 80]],
    ['::1', () => [OUTSIDE_ADDRESS6, '::1', 8081]],
    ['::1, as ::1', () => ['::1', '::1', 8081]],
    ['::1, as the host', () => [HOST_ADDRESS6, '::1', 8081]],
    ['the host, as ::1', () => ['::1', HOST_ADDRESS6, 8080]],
    ['the port on ::1, by an address of the host', () => [OUTSIDE_ADDRESS6, HOST_ADDRESS6, 8081]],
    ['the container itself over IPv6', () => [OUTSIDE_ADDRESS6, own(web, true), 80]],
    ['the container itself over IPv6, as its gateway', () => [gateway(true), own(web, true), 80]],
    [
      'the container itself over IPv6, as its neighbour',
      () => [own(neighbour, true), own(web, true), 80],
    ],
  ] as [string, () => [string, string, number]][])('%s', async (_, forged) => {
    await seenBefore(inside);
    for (let i = 0; i < 3; i++) send(...forged(), 'FORGED');
    expect(await seenBefore(inside)).toEqual([]);
  });
});
