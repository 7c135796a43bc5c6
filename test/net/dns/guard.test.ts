/** Who may ask, and who may not stand between. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NAMES_PORT } from '../../../net/firewall/skeleton.ts';
import { HOST_ADDRESS, HOST_ADDRESS6 } from '../../support/fakehost.ts';
import type { Container } from '../lab.ts';
import { ask as askServer } from '../lab.ts';
import { ask } from './client.ts';
import { makeNameLab, type NameLab } from './lab.ts';

const BRIEF = { patience: 300 };

let lab: NameLab;
let blue: Container;
let green: Container;

beforeAll(async () => {
  lab = await makeNameLab();
  const { networks } = lab.networking;
  lab.host.inside(() => {
    networks.create({
      name: 'blue',
      subnets: [{ subnet: '10.5.0.0/24' }, { subnet: 'fd00:5::/64' }],
    });
    networks.create({ name: 'green', subnets: [{ subnet: '10.6.0.0/24' }] });
    networks.create({
      name: 'mute',
      subnets: [{ subnet: '10.7.0.0/24' }],
      options: { isolate: 'strict' },
    });
  });
  blue = lab.container('blue1', { network: 'blue' });
  green = lab.container('green1', { network: 'green' });
});
afterAll(() => lab.dispose());

describe('nobody is answered', () => {
  it('outside, whichever address and port of the host is asked', () => {
    const { outside } = lab;
    outside.exec(['ip', 'route', 'add', '10.5.0.0/24', 'via', HOST_ADDRESS]);
    outside.exec(['ip', 'route', 'add', 'fd00:5::/64', 'via', HOST_ADDRESS6]);
    for (const protocol of ['udp', 'tcp'] as const) {
      for (const port of [53, NAMES_PORT]) {
        for (const address of ['10.5.0.1', 'fd00:5::1', HOST_ADDRESS, HOST_ADDRESS6]) {
          expect(ask(outside, address, 'blue1', { ...BRIEF, port, protocol })).toBeUndefined();
        }
      }
    }
  });

  it("outside under a container's address", () => {
    const { outside } = lab;
    outside.exec(['ip', 'address', 'add', `${blue.address}/32`, 'dev', 'lo']);
    outside.exec([
      'ip',
      'route',
      'replace',
      '10.5.0.1/32',
      'via',
      HOST_ADDRESS,
      'src',
      blue.address,
    ]);
    lab.host.exec([
      'sysctl',
      '-qw',
      'net.ipv4.conf.all.rp_filter=0',
      'net.ipv4.conf.eth0.rp_filter=0',
    ]);
    lab.asked('first');
    expect(ask(outside, '10.5.0.1', 'www.example', BRIEF)).toBeUndefined();
    expect(ask(outside, '10.5.0.1', 'www.example', { ...BRIEF, port: NAMES_PORT })).toBeUndefined();
    expect(lab.asked('first')).toEqual([]);
  });

  it('by the gateway of a network that it is not on, or past port 53', () => {
    expect(ask(green, '10.5.0.1', 'blue1', BRIEF)).toBeUndefined();
    expect(ask(green, '10.5.0.1', 'blue1', { ...BRIEF, port: NAMES_PORT })).toBeUndefined();
    expect(ask(green, '10.6.0.1', 'green1', { ...BRIEF, port: NAMES_PORT })).toBeUndefined();
    expect(ask(green, '10.6.0.1', 'green1')?.answers).toEqual([green.address]);
  });

  it('on the default network', () => {
    const plain = lab.container('plain');
    expect(ask(plain, '172.17.0.1', 'plain', BRIEF)).toBeUndefined();
  });
});

it('with net.bridge.bridge-nf-call-iptables=1 the gateway is asked as ever', () => {
  lab.host.exec(['sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=1']);
  expect(ask(blue, '10.5.0.1', 'blue1')?.answers).toEqual([blue.address]);
  expect(ask(blue, 'fd00:5::1', 'blue1')?.answers).toEqual([blue.address]);
  lab.host.exec(['sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=0']);
});

it('where containers begin nothing, the names inside are answered, and nothing is asked further', () => {
  const mute = lab.container('mute1', { network: 'mute' });
  lab.asked('first');
  expect(ask(mute, '10.7.0.1', 'mute1')?.answers).toEqual([mute.address]);
  expect(ask(mute, '10.7.0.1', 'www.example')).toMatchObject({ rcode: 'SERVFAIL' });
  expect(lab.asked('first')).toEqual([]);
});

it('a container that publishes port 53 does not come by the questions of the others', async () => {
  const server = lab.container('server', { network: 'blue', ports: ['53:53/udp', '53:53'] });
  await lab.serve(server, 'server', 53);
  expect(ask(blue, '10.5.0.1', 'server')?.answers).toEqual([server.address]);
  expect(ask(blue, '10.5.0.1', 'server', { protocol: 'tcp' })?.answers).toEqual([server.address]);
  expect(await askServer(lab.outside, 'udp', HOST_ADDRESS, 53)).toMatch(/^server from /);
});

it('a name server of the host’s own on port 53 stands in nobody’s way', async () => {
  lab.host.inside(() => lab.networking.detach({ sandbox: 'server' }));
  await lab.serve(lab.host, 'own', 53);
  expect(ask(blue, '10.5.0.1', 'blue1')?.answers).toEqual([blue.address]);
  expect(await askServer(lab.host, 'udp', HOST_ADDRESS, 53)).toMatch(/^own from /);
});
