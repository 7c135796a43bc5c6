import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commands, endpointElements, networkElements } from '../../net/firewall/elements.ts';
import { GUARD } from '../../net/firewall/guard.ts';
import { POLICY } from '../../net/firewall/policy-chains.ts';
import { SKELETON, USER } from '../../net/firewall/skeleton.ts';
import { TABLES } from '../../net/firewall/tables.ts';
import type { Endpoint, EndpointAddress, Network, PublishedPort } from '../../net/model.ts';
import { policyElements } from '../../net/policy/elements.ts';
import { parseRule } from '../../net/policy/policy.ts';
import { hostIpsOf } from '../../net/ports/host-addresses.ts';
import { parsePort } from '../../net/ports/parse.ts';
import { makeFakeHost } from '../support/fakehost.ts';

/** The documentation in docs/firewall/ is what is given to the kernel, word for word. */
const network = (name: string, more: Partial<Network> = {}): Network => ({
  id: name.padEnd(64, '0'),
  name,
  driver: 'bridge',
  created: '2026-01-01T00:00:00.000Z',
  internal: false,
  subnets: [{ subnet: '10.5.0.0/24', gateway: '10.5.0.1', aux: {} }],
  options: {},
  labels: {},
  bridge: `br-${name}`,
  ...more,
});

const endpoint = (of: Network, ...ports: string[]): Endpoint => {
  const addresses = of.subnets.map(({ gateway }) => ({
    address: gateway.replace(/1$/, '2'),
    prefix: gateway.includes(':') ? 64 : 24,
    gateway,
  }));
  return { ...attached(of), addresses, ports: ports.flatMap((port) => resolved(port, addresses)) };
};

const resolved = (text: string, addresses: EndpointAddress[]): PublishedPort[] => {
  const { hostPort = 0, ...request } = parsePort(text);
  return hostIpsOf(request, addresses).map((hostIp) => ({ ...request, hostIp, hostPort }));
};

const attached = (of: Network): Omit<Endpoint, 'addresses' | 'ports'> => ({
  key: 'web1/eth0',
  sandbox: { id: 'web1', path: '/run/hawser/sandboxes/web1' },
  network: of.id,
  ifname: 'eth0',
  hostIfname: 'hv0123456789abc',
  mac: '02:42:0a:05:00:02',
  mtu: 1500,
  aliases: [],
  names: ['web1'],
  dns: [],
  owner: 'web1',
  created: '2026-01-01T00:00:00.000Z',
});

const blue = network('blue');
const green = network('green', {
  subnets: [
    { subnet: '10.6.0.0/24', gateway: '10.6.0.1', aux: {} },
    { subnet: 'fd00:6::/64', gateway: 'fd00:6::1', aux: {} },
  ],
});

const db: Partial<Endpoint> = {
  key: 'db1/eth0',
  owner: 'db1',
  labels: { role: 'db' },
  addresses: [{ address: '10.5.0.3', prefix: 24, gateway: '10.5.0.1' }],
};

const documents = {
  'policies.nft': POLICY,
  'skeleton.nft': `${USER}${SKELETON}`,
  'guard.nft': GUARD,
  'bridge.nft': commands('add', [blue, green].flatMap(networkElements)),
  'dual-stack.nft': commands('add', [
    ...networkElements(green),
    ...endpointElements(endpoint(green), green),
  ]),
  'strict.nft': commands(
    'add',
    networkElements(network('strict', { options: { isolate: 'strict' } })),
  ),
  'internal.nft': commands('add', networkElements(network('vault', { internal: true }))),
  'quiet.nft': commands(
    'add',
    networkElements(
      network('quiet', {
        options: {
          'com.docker.network.bridge.enable_icc': 'false',
          'com.docker.network.bridge.enable_ip_masquerade': 'false',
        },
      }),
    ),
  ),
  'published.nft': commands(
    'add',
    endpointElements(
      endpoint(
        blue,
        '8080:80',
        '127.0.0.1:5432:5432',
        '53:53/udp',
        '20000-20999:20000-20999',
        '192.0.2.2:30000-30009:30000-30009/udp',
        '7000-7002:80-82',
      ),
      blue,
    ),
  ),
  'policy.nft': commands(
    'add',
    policyElements(
      {
        ...blue,
        policy: {
          default: 'deny',
          rules: [
            { verdict: 'allow' as const, from: 'web1', to: 'label=role=db', ports: ['5432'] },
            { verdict: 'allow' as const, to: 'web1', ports: ['80', '443'] },
            { verdict: 'allow' as const, from: 'web1', to: '198.51.100.0/24' },
            { verdict: 'deny' as const, from: '192.0.2.0/24', to: 'web1' },
          ].map((rule, i) => parseRule(rule, i + 1)),
        },
      },
      [endpoint(blue), { ...endpoint(blue), ...db }],
    ),
  ),
  'published6.nft': commands(
    'add',
    endpointElements(
      endpoint(
        green,
        '8443:443',
        '[::1]:5432:5432',
        '[2001:db8::2]:53:53/udp',
        '21000-21999:21000-21999',
      ),
      green,
    ),
  ),
};

describe('the documents', () => {
  it.each(Object.entries(documents))('%s is as documented', async (name, text) => {
    await expect(text).toMatchFileSnapshot(`../../docs/firewall/${name}`);
  });

  it('are understood by nft, one transaction each', () => {
    const host = makeFakeHost();
    try {
      for (const text of Object.values(documents)) host.exec(['nft', '-f', '-'], { input: text });
      const table = host.exec(['nft', 'list', 'table', 'inet', 'hawser']);
      expect(table).toContain('tcp . 0.0.0.0/0 . 20000-20999 : 10.5.0.2');
      expect(table).toContain('tcp . 7002 : 10.5.0.2 . 82');
    } finally {
      host.dispose();
    }
  });
});

describe('the index of the documents', () => {
  it('names each of them', () => {
    const index = readFileSync(new URL('../../docs/firewall/README.md', import.meta.url), 'utf8');
    const named = Array.from(index.matchAll(/\]\((\S+\.nft)\)/g), ([, name]) => name);
    expect(named.toSorted()).toEqual(Object.keys(documents).toSorted());
  });
});

describe('a thousand ports', () => {
  it('are one element if they keep their numbers, and a thousand if they do not', () => {
    expect(endpointElements(endpoint(blue, '1000-1999:1000-1999'), blue)).toHaveLength(2 + 1);
    expect(endpointElements(endpoint(blue, '1000-1999:2000-2999'), blue)).toHaveLength(2 + 1000);
  });
});

describe('the outlines', () => {
  it.each(TABLES)(
    'know every chain of the table $family, and a comment for every rule',
    (table) => {
      const rules = table.skeleton.split('\n').filter((line) => /^ {4}(?!type )\S/.test(line));
      expect([...table.chains.values()].flat()).toHaveLength(rules.length);
      const named = (kind: string) => table.skeleton.match(new RegExp(`^  ${kind} `, 'gm')) ?? [];
      expect(table.chains.size).toBe(named('chain').length);
      expect(table.sets.size).toBe(named('(set|map)').length);
    },
  );

  it('have no set in common, so that its name says which table it is in', () => {
    const names = TABLES.flatMap(({ sets }) => [...sets.keys()]);
    expect(new Set(names).size).toBe(names.length);
  });
});
