import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOST_ADDRESS, OUTSIDE_ADDRESS, type Place } from '../support/fakehost.ts';
import { ask, type Container, type Lab, makeLab } from './lab.ts';

/** Two networks, an internal one, and a server in each corner. */
let lab: Lab;
let outside: Place;
let web: Container;
let neighbour: Container;
let stranger: Container;
let inner: Container;
let innerNeighbour: Container;
const protocols = ['tcp', 'udp'] as const;

beforeAll(async () => {
  lab = makeLab({ uplink: true });
  if (lab.host.outside === undefined) throw new Error('the host has no uplink');
  outside = lab.host.outside;
  lab.host.inside(() => {
    lab.networking.networks.create({ name: 'blue' });
    lab.networking.networks.create({ name: 'vault', internal: true });
  });
  const ports = protocols.flatMap((protocol) => [
    `8080:80/${protocol}`,
    `127.0.0.1:8081:80/${protocol}`,
    `${HOST_ADDRESS}:8082:80/${protocol}`,
    `9000-9009:9000-9009/${protocol}`,
    `7000-7002:9000-9002/${protocol}`,
  ]);
  web = lab.container('web', { ports });
  neighbour = lab.container('neighbour');
  stranger = lab.container('stranger', { network: 'blue' });
  inner = lab.container('inner', { network: 'vault' });
  innerNeighbour = lab.container('inner-neighbour', { network: 'vault' });
  await Promise.all([
    lab.serve(web, 'web', 80, 9000, 9001, 9009),
    lab.serve(stranger, 'stranger', 80),
    lab.serve(inner, 'inner', 80),
    lab.serve(lab.host, 'host', 5000),
    lab.serve(outside, 'outside', 5000),
  ]);
});

afterAll(() => lab.dispose());

describe.each(protocols)('%s', (protocol) => {
  it('a container reaches its neighbour, which sees its address', async () => {
    expect(await ask(neighbour, protocol, web.address, 80)).toBe(`web from ${neighbour.address}`);
  });

  it('the host and its containers reach one another', async () => {
    const gateway = web.endpoint.addresses[0]?.gateway ?? '';
    expect(await ask(lab.host, protocol, web.address, 80)).toBe(`web from ${gateway}`);
    expect(await ask(web, protocol, gateway, 5000)).toBe(`host from ${web.address}`);
  });

  it("a container reaches the outside under the host's address", async () => {
    expect(await ask(web, protocol, OUTSIDE_ADDRESS, 5000)).toBe(`outside from ${HOST_ADDRESS}`);
  });

  it('a published port is reached from outside, by the real address of who asks', async () => {
    for (const port of [8080, 8082, 9000, 9009, 7001]) {
      expect(await ask(outside, protocol, HOST_ADDRESS, port)).toBe(`web from ${OUTSIDE_ADDRESS}`);
    }
  });

  it('a published port is reached from the host, by each of its addresses', async () => {
    const gateway = web.endpoint.addresses[0]?.gateway ?? '';
    for (const port of [8080, 8082, 9001, 7000]) {
      expect(await ask(lab.host, protocol, HOST_ADDRESS, port)).toMatch(/^web from /);
    }
    expect(await ask(lab.host, protocol, gateway, 8080)).toMatch(/^web from /);
  });

  it('a published port is reached through 127.0.0.1, without a proxy', async () => {
    const gateway = web.endpoint.addresses[0]?.gateway ?? '';
    for (const port of [8080, 8081, 9000, 7000]) {
      expect(await ask(lab.host, protocol, '127.0.0.1', port)).toBe(`web from ${gateway}`);
    }
  });

  it('a published port is reached from a neighbour, and by the container itself', async () => {
    for (const from of [neighbour, web]) {
      for (const port of [8080, 8082, 9000, 7000]) {
        expect(await ask(from, protocol, HOST_ADDRESS, port)).toMatch(/^web from /);
      }
    }
  });

  it("a published port is reached from another network, through the host's address", async () => {
    expect(await ask(stranger, protocol, HOST_ADDRESS, 8080)).toMatch(/^web from /);
  });

  it('a port published on one address is not there on another', async () => {
    const gateway = web.endpoint.addresses[0]?.gateway ?? '';
    await nobodyAnswers(
      ask(outside, protocol, HOST_ADDRESS, 8081),
      ask(lab.host, protocol, gateway, 8082),
    );
  });

  it('networks are isolated from one another', async () => {
    await nobodyAnswers(
      ask(web, protocol, stranger.address, 80),
      ask(stranger, protocol, web.address, 80),
    );
  });

  it('what is not published is not reached from outside, even with a route', async () => {
    outside.exec(['ip', 'route', 'replace', '172.16.0.0/12', 'via', HOST_ADDRESS]);
    try {
      expect(await ask(outside, protocol, web.address, 80)).toBeUndefined();
    } finally {
      outside.exec(['ip', 'route', 'del', '172.16.0.0/12']);
    }
  });

  it('an internal network has an inside', async () => {
    expect(await ask(innerNeighbour, protocol, inner.address, 80)).toBe(
      `inner from ${innerNeighbour.address}`,
    );
    expect(await ask(lab.host, protocol, inner.address, 80)).toMatch(/^inner from /);
  });

  it('an internal network has no way out, also for who makes a route of their own', async () => {
    const [{ subnet = '', gateway = '' } = {}] = lab.networking.networks.get('vault').subnets;
    expect(await ask(inner, protocol, OUTSIDE_ADDRESS, 5000)).toBeUndefined();
    inner.exec(['ip', 'route', 'replace', 'default', 'via', gateway]);
    outside.exec(['ip', 'route', 'replace', subnet, 'via', HOST_ADDRESS]);
    try {
      await nobodyAnswers(
        ask(inner, protocol, OUTSIDE_ADDRESS, 5000),
        ask(inner, protocol, web.address, 80),
        ask(inner, protocol, HOST_ADDRESS, 8080),
        ask(outside, protocol, inner.address, 80),
        ask(web, protocol, inner.address, 80),
      );
    } finally {
      inner.exec(['ip', 'route', 'del', 'default']);
      outside.exec(['ip', 'route', 'del', subnet]);
    }
  });

  it('what is published on 127.0.0.1 is not for neighbours of the host', async () => {
    const loopback = ['127.0.0.0/8', 'via', HOST_ADDRESS];
    // A neighbour that sends what is for 127/8 to the wire, and one that says it is 127.0.0.1.
    outside.exec(['ip', 'address', 'del', '127.0.0.1/8', 'dev', 'lo']);
    outside.exec(['sysctl', '-qw', 'net.ipv4.conf.all.route_localnet=1']);
    outside.exec(['ip', 'route', 'add', ...loopback, 'src', OUTSIDE_ADDRESS]);
    try {
      await nobodyAnswers(
        ...[8080, 8081, 5000].map((port) => ask(outside, protocol, '127.0.0.1', port)),
      );
    } finally {
      outside.exec(['ip', 'route', 'del', ...loopback]);
      outside.exec(['ip', 'address', 'add', '127.0.0.1/8', 'dev', 'lo']);
    }
  });

  it("a container does not reach the host's loopback by way of its bridge", async () => {
    const gateway = web.endpoint.addresses[0]?.gateway ?? '';
    const route = ['127.0.0.0/8', 'via', gateway];
    neighbour.exec(['ip', 'address', 'del', '127.0.0.1/8', 'dev', 'lo']);
    neighbour.exec(['sysctl', '-qw', 'net.ipv4.conf.all.route_localnet=1']);
    neighbour.exec(['ip', 'route', 'add', ...route, 'src', neighbour.address]);
    try {
      await nobodyAnswers(
        ask(neighbour, protocol, '127.0.0.1', 5000),
        ask(neighbour, protocol, '127.0.0.1', 8081),
      );
    } finally {
      neighbour.exec(['ip', 'route', 'del', ...route]);
      neighbour.exec(['ip', 'address', 'add', '127.0.0.1/8', 'dev', 'lo']);
    }
  });
});

describe.each(['0', '1'])('with net.bridge.bridge-nf-call-iptables=%s', (value) => {
  it('neighbours, and a container by its own published port, are reached', async () => {
    lab.host.exec(['sysctl', '-qw', `net.bridge.bridge-nf-call-iptables=${value}`]);
    const one = lab.container(`one${value}`, { ports: [`607${value}:80`, `607${value}:80/udp`] });
    const other = lab.container(`other${value}`);
    await lab.serve(one, 'one', 80);
    for (const protocol of protocols) {
      expect(await ask(other, protocol, one.address, 80)).toBe(`one from ${other.address}`);
      for (const from of [one, other, stranger, lab.host, outside]) {
        expect(await ask(from, protocol, HOST_ADDRESS, 6070 + Number(value))).toMatch(/^one from /);
      }
    }
  });
});

async function nobodyAnswers(...asked: Promise<string | undefined>[]): Promise<void> {
  expect(await Promise.all(asked)).toEqual(asked.map(() => undefined));
}
