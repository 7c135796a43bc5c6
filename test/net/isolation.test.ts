/** Networks whose containers do not reach one another, and those that may only be reached. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOST_ADDRESS, HOST_ADDRESS6, OUTSIDE_ADDRESS, type Place } from '../support/fakehost.ts';
import { ask, type Container, type Lab, makeLab, refusal } from './lab.ts';

const ICC = 'com.docker.network.bridge.enable_icc';
const protocols = ['tcp', 'udp'] as const;
let lab: Lab;
let outside: Place;

beforeAll(async () => {
  lab = makeLab({ uplink: true });
  if (lab.host.outside === undefined) throw new Error('the host has no uplink');
  outside = lab.host.outside;
  await Promise.all([lab.serve(lab.host, 'host', 5000), lab.serve(outside, 'outside', 5000)]);
});
afterAll(() => lab.dispose());

interface Pair {
  one: Container;
  other: Container;
  gateways: string[];
}

/** Two containers on a network of both families; the first has port 80 published. */
async function pair(network: string, port: number, options: Record<string, string>): Promise<Pair> {
  const subnets = [{ subnet: `10.${port % 200}.0.0/24` }, { subnet: `fd00:${port}::/64` }];
  lab.host.inside(() => lab.networking.networks.create({ name: network, subnets, options }));
  const ports = protocols.map((protocol) => `${port}:80/${protocol}`);
  const one = lab.container(`${network}-one`, { network, ports });
  const other = lab.container(`${network}-other`, { network });
  await Promise.all([lab.serve(one, 'one', 80), lab.serve(other, 'other', 80)]);
  return { one, other, gateways: one.endpoint.addresses.map(({ gateway = '' }) => gateway) };
}

const addresses = ({ endpoint }: Container) => endpoint.addresses.map(({ address }) => address);

async function nobodyAnswers(...asked: Promise<string | undefined>[]): Promise<void> {
  expect(await Promise.all(asked)).toEqual(asked.map(() => undefined));
}

describe('without inter-container connectivity', () => {
  let quiet: Pair;
  beforeAll(async () => {
    // Where br_netfilter translates within the bridge, a neighbour's way to a published port is one
    // from port to port, and those are isolated.
    lab.host.exec(['sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=0']);
    quiet = await pair('quiet', 8101, { [ICC]: 'false' });
  });

  it.each(protocols)('neighbours do not reach one another, by %s', async (protocol) => {
    await nobodyAnswers(
      ...addresses(quiet.one).map((address) => ask(quiet.other, protocol, address, 80)),
      ...addresses(quiet.other).map((address) => ask(quiet.one, protocol, address, 80)),
    );
  });

  it.each(protocols)('nor by way of the gateway, by %s', async (protocol) => {
    const route = [`${quiet.one.address}/32`, 'via', quiet.gateways[0] ?? ''];
    quiet.other.exec(['ip', 'route', 'add', ...route]);
    await nobodyAnswers(ask(quiet.other, protocol, quiet.one.address, 80));
    quiet.other.exec(['ip', 'route', 'del', ...route]);
  });

  it('ports that were opened by hand are isolated again', async () => {
    const { one, other } = quiet;
    const [address = ''] = addresses(one);
    const hostIfname = one.endpoint.hostIfname ?? '';
    lab.host.exec(['bridge', 'link', 'set', 'dev', hostIfname, 'isolated', 'off']);
    expect(await ask(other, 'tcp', address, 80)).toMatch(/^one from/);
    expect(lab.host.inside(() => lab.networking.reconcile())).toEqual([
      { kind: 'link', what: `link ${hostIfname} of quiet-one (eth0) has isolated off` },
    ]);
    await nobodyAnswers(ask(other, 'tcp', address, 80));
  });

  it.each(protocols)(
    'all else works: the host, the outside, published ports, by %s',
    async (protocol) => {
      const { one, other, gateways } = quiet;
      for (const gateway of gateways) {
        expect(await ask(other, protocol, gateway, 5000)).toMatch(/^host from/);
      }
      expect(await ask(other, protocol, OUTSIDE_ADDRESS, 5000)).toBe(
        `outside from ${HOST_ADDRESS}`,
      );
      for (const from of [outside, lab.host, other]) {
        expect(await ask(from, protocol, HOST_ADDRESS, 8101)).toMatch(/^one from/);
      }
      for (const address of addresses(one)) {
        expect(await ask(lab.host, protocol, address, 80)).toMatch(/^one from/);
      }
    },
  );
});

describe('with isolate=strict', () => {
  let strict: Pair;
  beforeAll(async () => {
    strict = await pair('strict', 8102, { isolate: 'strict' });
  });

  it.each(protocols)(
    'a container answers the host and who comes by its published port, by %s',
    async (protocol) => {
      for (const address of addresses(strict.one)) {
        expect(await ask(lab.host, protocol, address, 80)).toMatch(/^one from/);
      }
      expect(await ask(outside, protocol, HOST_ADDRESS, 8102)).toBe(`one from ${OUTSIDE_ADDRESS}`);
      expect(await ask(outside, protocol, HOST_ADDRESS6, 8102)).toMatch(/^one from/);
      expect(await ask(lab.host, protocol, '127.0.0.1', 8102)).toMatch(/^one from/);
    },
  );

  it.each(protocols)('a container begins no connection, by %s', async (protocol) => {
    const { one, other, gateways } = strict;
    const stranger = lab.container(`stranger-${protocol}`, { ports: ['8103:80', '8103:80/udp'] });
    await lab.serve(stranger, 'stranger', 80);
    expect(await ask(outside, protocol, HOST_ADDRESS, 8103)).toMatch(/^stranger from/);
    await nobodyAnswers(
      ...gateways.map((gateway) => ask(other, protocol, gateway, 5000)),
      ...addresses(one).map((address) => ask(other, protocol, address, 80)),
      ask(other, protocol, HOST_ADDRESS, 5000),
      ask(other, protocol, OUTSIDE_ADDRESS, 5000),
      ask(other, protocol, stranger.address, 80),
      ask(other, protocol, HOST_ADDRESS, 8102),
      ask(other, protocol, HOST_ADDRESS, 8103),
    );
    lab.host.inside(() => lab.networking.detach({ sandbox: stranger.sandbox.id }));
  });

  it('is what isolate may be, beside true, which every network is', () => {
    const create = (isolate: string) => () =>
      lab.host.inside(() =>
        lab.networking.networks.create({ name: `isolate-${isolate}`, options: { isolate } }),
      );
    expect(create('true')().options).toEqual({ isolate: 'true' });
    expect(refusal(create('false')).message).toBe(
      'create network isolate-false: network option isolate is true or strict, not "false"',
    );
  });
});
