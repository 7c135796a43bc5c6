/** Ports published over IPv6, and over both families at once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  HOST_ADDRESS,
  HOST_ADDRESS6,
  OUTSIDE_ADDRESS,
  OUTSIDE_ADDRESS6,
  type Place,
} from '../support/fakehost.ts';
import { ask, type Container, type Lab, makeLab, refusal } from './lab.ts';

let lab: Lab;
let outside: Place;
let web: Container;
let neighbour: Container;
let stranger: Container;
const gateway = 'fd00:5::1';
const protocols = ['tcp', 'udp'] as const;

beforeAll(async () => {
  lab = makeLab({ uplink: true });
  if (lab.host.outside === undefined) throw new Error('the host has no uplink');
  outside = lab.host.outside;
  filtered('0');
  lab.host.inside(() => {
    const { networks } = lab.networking;
    networks.create({
      name: 'dual',
      subnets: [{ subnet: '10.5.0.0/24' }, { subnet: 'fd00:5::/64' }],
    });
    networks.create({ name: 'six', ipv4: false, subnets: [{ subnet: 'fd00:6::/64' }] });
  });
  const ports = protocols.flatMap((protocol) => [
    `8080:80/${protocol}`,
    `[::1]:8081:80/${protocol}`,
    `[${HOST_ADDRESS6}]:8082:80/${protocol}`,
    `9000-9009:9000-9009/${protocol}`,
    `[::]:7000-7002:9000-9002/${protocol}`,
  ]);
  web = lab.container('web', { network: 'dual', ports });
  neighbour = lab.container('neighbour', { network: 'dual' });
  stranger = lab.container('stranger', { network: 'six', ports: ['8090:80', '8090:80/udp'] });
  await Promise.all([
    lab.serve(web, 'web', 80, 9000, 9001, 9009),
    lab.serve(stranger, 'stranger', 80),
    lab.serve(lab.host, 'host', 5000),
  ]);
});

afterAll(() => lab.dispose());

describe.each(protocols)('%s', (protocol) => {
  it('is reached from outside, by the real address of who asks, in both families', async () => {
    for (const port of [8080, 8082, 9000, 9009, 7001]) {
      expect(await ask(outside, protocol, HOST_ADDRESS6, port), `${port}`).toBe(
        `web from ${OUTSIDE_ADDRESS6}`,
      );
    }
    for (const port of [8080, 9009]) {
      expect(await ask(outside, protocol, HOST_ADDRESS, port)).toBe(`web from ${OUTSIDE_ADDRESS}`);
    }
  });

  it('is reached from the host by each of its addresses, ::1 among them, without a proxy', async () => {
    for (const port of [8080, 8082, 9001, 7000]) {
      expect(await ask(lab.host, protocol, HOST_ADDRESS6, port)).toMatch(/^web from /);
    }
    for (const address of [gateway, '::1', '127.0.0.1']) {
      expect(await ask(lab.host, protocol, address, 8080)).toMatch(/^web from /);
    }
    for (const port of [8081, 9000, 7000]) {
      expect(await ask(lab.host, protocol, '::1', port)).toBe(`web from ${gateway}`);
    }
  });

  it('is reached by ::1 on each of several networks', async () => {
    expect(await ask(lab.host, protocol, '::1', 8090)).toMatch(/^stranger from fd00:6::1$/);
    expect(await ask(lab.host, protocol, '::1', 8080)).toMatch(/^web from fd00:5::1$/);
  });

  it('is reached from a neighbour, from another network, and by the container itself', async () => {
    for (const from of [neighbour, web]) {
      for (const [address, port] of [
        [HOST_ADDRESS6, 8082],
        [HOST_ADDRESS6, 9000],
        [gateway, 8080],
      ] as const) {
        expect(await ask(from, protocol, address, port)).toMatch(/^web from /);
      }
    }
    expect(await ask(stranger, protocol, HOST_ADDRESS6, 8080)).toMatch(/^web from /);
  });

  it('on one address is not there on another, and on IPv6 alone not on IPv4', async () => {
    await nobodyAnswers(
      ask(outside, protocol, HOST_ADDRESS6, 8081),
      ask(lab.host, protocol, gateway, 8082),
      ask(outside, protocol, HOST_ADDRESS, 7000),
      ask(outside, protocol, HOST_ADDRESS, 8090),
    );
  });

  it('what is not published is not reached from outside, even with a route', async () => {
    outside.exec(['ip', 'route', 'replace', 'fd00:5::/64', 'via', HOST_ADDRESS6]);
    const [, { address = '' } = {}] = web.endpoint.addresses;
    await nobodyAnswers(ask(outside, protocol, address, 80));
    outside.exec(['ip', 'route', 'del', 'fd00:5::/64']);
  });

  it("::1 is the host's alone, whatever a container says", async () => {
    for (const value of ['0', '1']) {
      filtered(value);
      const route = ['::1/128', 'via', gateway];
      neighbour.exec(['ip', '-6', 'address', 'del', '::1/128', 'dev', 'lo']);
      neighbour.exec(['ip', '-6', 'route', 'add', ...route]);
      await nobodyAnswers(
        ask(neighbour, protocol, '::1', 8081),
        ask(neighbour, protocol, '::1', 5000),
      );
      neighbour.exec(['ip', '-6', 'route', 'del', ...route]);
      neighbour.exec(['ip', '-6', 'address', 'add', '::1/128', 'dev', 'lo']);
    }
    filtered('0');
  });
});

describe('where br_netfilter looks into bridges', () => {
  it('a port on ::1 alone is refused, and one on every address tells what it lacks', async () => {
    lab.host.exec(['sysctl', '-qw', 'net.bridge.bridge-nf-call-ip6tables=1']); // and not that of IPv4
    const request = { network: 'dual', ports: ['[::1]:6000:80'] };
    const error = refusal(() => lab.container('refused', request));
    expect(error.code).toBe('unsupported');
    expect(error.message).toContain(
      'publish [::1]:6000:80/tcp: answers to ::1 are lost while net.bridge.bridge-nf-call-ip6tables is 1',
    );
    const told = lab.container('told', { network: 'dual', ports: ['6000:80'] });
    expect(lab.notes.at(-1)).toContain('answers to ::1 are lost');
    await lab.serve(told, 'told', 80);
    for (const from of [told, neighbour, outside, lab.host]) {
      expect(await ask(from, 'tcp', HOST_ADDRESS6, 6000)).toMatch(/^told from /);
    }
    filtered('0');
  });
});

describe('on a network with a policy, whose frames are looked into as well', () => {
  it('is the same', async () => {
    filtered('0');
    lab.host.inside(() => {
      const subnets = [{ subnet: 'fd00:7::/64' }];
      lab.networking.networks.create({ name: 'ruled', ipv4: false, subnets });
      lab.networking.networks.policy.add('ruled', { verdict: 'allow' });
    });
    const refused = refusal(() =>
      lab.container('unruly', { network: 'ruled', ports: ['[::1]:6002:80'] }),
    );
    expect(refused.message).toContain('answers to ::1 are lost while the network has a policy');
    const own = lab.container('ruled', { network: 'ruled', ports: ['6003:80'] });
    await lab.serve(own, 'ruled', 80);
    for (const from of [own, outside, lab.host]) {
      expect(await ask(from, 'tcp', HOST_ADDRESS6, 6003)).toMatch(/^ruled from /);
    }
  });
});

describe('a network that gets a policy', () => {
  it('tells which ports are silent on ::1 from then on, and they speak again without it', async () => {
    filtered('0');
    const { policy } = lab.networking.networks;
    lab.host.inside(() => {
      const subnets = [{ subnet: 'fd00:8::/64' }];
      lab.networking.networks.create({ name: 'late', ipv4: false, subnets });
    });
    const ports = ['[::1]:6004:80', '6005:80'];
    const own = lab.container('early', { network: 'late', ports });
    await lab.serve(own, 'early', 80);
    expect(await ask(lab.host, 'tcp', '::1', 6004)).toMatch(/^early from /);
    lab.notes.length = 0;
    lab.host.inside(() => policy.add('late', { verdict: 'allow' }));
    const why = 'answers to ::1 are lost while the network has a policy';
    expect(lab.notes).toEqual([
      `early has published [::1]:6004:80/tcp: ${why}; nobody reaches it, and it is refused at the next start`,
      `early has published [::]:6005:80/tcp: ${why}; by other addresses it is reached`,
    ]);
    expect(await ask(lab.host, 'tcp', '::1', 6004)).toBeUndefined();
    lab.host.inside(() => {
      policy.add('late', { verdict: 'deny', to: '2001:db8::/32' });
      policy.remove('late');
    });
    expect(lab.notes).toHaveLength(2);
    expect(await ask(lab.host, 'tcp', '::1', 6004)).toMatch(/^early from /);
  });
});

describe('families', () => {
  it('a port without an address is on all of both, with one number', () => {
    const { endpoint } = lab.container('two', { network: 'dual', ports: ['80'] });
    const [four, six] = endpoint.ports;
    expect(endpoint.ports.map(({ hostIp }) => hostIp)).toEqual(['0.0.0.0', '::']);
    expect(four?.hostPort).toBe(six?.hostPort);
  });

  it('a port leads to an address of its own family or is refused', () => {
    const six = { network: 'six', ports: ['0.0.0.0:6001:80'] };
    expect(refusal(() => lab.container('x', six)).message).toBe(
      'attach x to six: publish 0.0.0.0:6001:80/tcp: the container has no IPv4 address on this network, and ports lead only to an address of their own family',
    );
    const four = { ports: ['[::]:6001:80'] };
    expect(refusal(() => lab.container('y', four)).message).toContain('has no IPv6 address');
  });

  it('conflicts are those of one family', () => {
    lab.container('a', { network: 'dual', ports: ['[::1]:6010:80', '127.0.0.1:6011:80'] });
    let clashes = 0;
    const clash = (port: string) =>
      refusal(() => lab.container(`b${++clashes}`, { network: 'dual', ports: [port] })).message;
    expect(clash('6010:80')).toContain('tcp port 6010 of [::1] is published by a');
    expect(clash('[::]:6010:80')).toContain('tcp port 6010 of [::1] is published by a');
    expect(clash('[::1]:6000-6020:6000-6020')).toContain(
      'tcp port 6010 of [::1] is published by a',
    );
    expect(clash('6011:80')).toContain('tcp port 6011 of 127.0.0.1 is published by a');
    expect(clash('[::]:5000:80')).toContain('tcp port 5000 is in use by node (pid ');
    expect(clash('[2001:db8::9]:80:80')).toContain('[2001:db8::9] is not an address of this host');
    const free = ['0.0.0.0:6010:80', `[${HOST_ADDRESS6}]:6010:80`, '[::]:6011:80'];
    expect(lab.container('c', { network: 'dual', ports: free }).endpoint.ports).toHaveLength(3);
  });

  it('attaching the same again is the same endpoint', () => {
    const { sandbox, endpoint } = web;
    const again = lab.host.inside(() =>
      lab.networking.attach({ network: 'dual', owner: 'web', sandbox, ports: endpoint.ports }),
    );
    expect(again).toEqual(endpoint);
    expect(lab.host.inside(() => lab.networking.reconcile())).toEqual([]);
  });
});

function filtered(value: string): void {
  for (const what of ['ip', 'ip6']) {
    lab.host.exec(['sysctl', '-qw', `net.bridge.bridge-nf-call-${what}tables=${value}`]);
  }
}

async function nobodyAnswers(...asked: Promise<string | undefined>[]): Promise<void> {
  expect(await Promise.all(asked)).toEqual(asked.map(() => undefined));
}
