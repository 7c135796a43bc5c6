import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sandbox } from '../../net/model.ts';
import { parsePort } from '../../net/ports/parse.ts';
import type { AttachRequest } from '../../net/request.ts';
import { HOST_ADDRESS } from '../support/fakehost.ts';
import { type Lab, makeLab, refusal } from './lab.ts';

type Wish = Partial<Omit<AttachRequest, 'ports'>> & { ports?: string[] };

/** A container with a published port, a program with a port, and one that wants too much. */
let lab: Lab;
let sandbox: Sandbox;

beforeAll(async () => {
  lab = makeLab({ uplink: true });
  lab.container('web1', { ports: ['8080:80'] });
  await lab.serve(lab.host, 'server', 5000);
  const { id, path, exec } = lab.sandbox('web2');
  exec(['ip', 'link', 'add', 'mine', 'type', 'veth', 'peer', 'name', 'mine2']);
  sandbox = { id, path };
});

afterAll(() => lab.dispose());

describe('an attach is refused in a sentence', () => {
  it.each([
    ['not-found', { network: 'blu' }, 'attach web2 to blu: there is no network "blu"'],
    ['invalid', { ip: '10.0.0.1' }, 'attach web2 to bridge: 10.0.0.1 is outside 172.17.0.0/16'],
    ['invalid', { ip: '172.17.0.1' }, '172.17.0.1 is the gateway of 172.17.0.0/16'],
    ['invalid', { ip: '172.17.0.0' }, '172.17.0.0 is the network address of 172.17.0.0/16'],
    ['invalid', { ip: '172.17.255.255' }, '172.17.255.255 is the broadcast address'],
    ['invalid', { ip: '172.17.0' }, '"172.17.0" is not an IPv4 address'],
    ['invalid', { ip: 'fd00::9' }, '"fd00::9" is not an IPv4 address'],
    ['invalid', { ip6: '172.17.0.9' }, '"172.17.0.9" is not an IPv6 address'],
    ['invalid', { ip6: 'fd00::9' }, 'fd00::9 cannot be had: network bridge has no IPv6 subnet'],
    ['taken', { ip: '172.17.0.2' }, 'attach web2 to bridge: 172.17.0.2 is already leased to web1'],
    ['invalid', { mac: '01:00:00:00:00:00' }, 'is a multicast address'],
    ['invalid', { ifname: 'eth/0' }, 'interface name "eth/0"'],
    [
      'taken',
      { ifname: 'mine' },
      'attach web2 to bridge: there is an interface mine in the sandbox already',
    ],
    ['taken', { ports: ['8080:80'] }, 'publish 8080:80/tcp: tcp port 8080 is published by web1'],
    ['taken', { ports: ['127.0.0.1:8080:80'] }, 'tcp port 8080 is published by web1'],
    ['taken', { ports: ['8000-8100:8000-8100'] }, 'tcp port 8080 is published by web1'],
    [
      'taken',
      { ports: ['81:80', '81:81'] },
      'tcp port 81 is published by the same container already',
    ],
    ['invalid', { ports: ['10.0.0.1:80:80'] }, '10.0.0.1 is not an address of this host'],
    ['taken', { ports: ['5000:80/udp'] }, 'udp port 5000 is in use by node (pid '],
    ['taken', { ports: [`${HOST_ADDRESS}:5000:80`] }, 'tcp port 5000 is in use by node (pid '],
    ['taken', { ports: ['4990-5010:4990-5010'] }, 'tcp port 5000 is in use by node (pid '],
  ])('%s: %j', (code, { ports = [], ...request }: Wish, sentence) => {
    const before = lab.snapshot();
    const error = refusal(() =>
      lab.host.inside(() =>
        lab.networking.attach({
          network: 'bridge',
          owner: 'web2',
          sandbox,
          ports: ports.map(parsePort),
          ...request,
        }),
      ),
    );
    expect(error.code).toBe(code);
    expect(error.message).toContain(sentence);
    expect(error.message).toMatch(/^attach web2 to /);
    expect(lab.snapshot()).toEqual(before);
  });

  it('for what is no namespace, and for the host itself', () => {
    const attach = (path: string) =>
      refusal(() =>
        lab.host.inside(() =>
          lab.networking.attach({ network: 'bridge', owner: 'x', sandbox: { id: 'x', path } }),
        ),
      ).message;
    expect(attach('/nowhere')).toBe('attach x to bridge: /nowhere is not a network namespace');
    expect(attach('/etc/hosts')).toBe('attach x to bridge: /etc/hosts is not a network namespace');
    expect(attach(lab.host.netns)).toBe(
      `attach x to bridge: ${lab.host.netns} is the host's own network namespace`,
    );
  });
});

it('the default network is whole, even if the attach that made it is refused', async () => {
  const fresh = makeLab();
  try {
    expect(refusal(() => fresh.container('web1', { ip: '10.0.0.1' })).code).toBe('invalid');
    expect(fresh.networking.networks.list().map(({ name }) => name)).toEqual(['bridge']);
    expect(fresh.host.exec(['ip', '-br', 'link'])).toContain('hawser0');
    expect(fresh.host.inside(() => fresh.networking.reconcile())).toEqual([]);
  } finally {
    await fresh.dispose();
  }
});
