import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NetworkSpec } from '../../net/request.ts';
import { type Lab, makeLab, refusal } from './lab.ts';

let lab: Lab;
beforeEach(() => {
  lab = makeLab({ uplink: true });
});
afterEach(() => lab.dispose());

const create = (spec: NetworkSpec) => lab.host.inside(() => lab.networking.networks.create(spec));
const links = () => lab.host.exec(['ip', '-br', 'link']);

describe('networks', () => {
  it('are made with a subnet, a bridge and no second of waiting', () => {
    const blue = create({ name: 'blue', labels: { team: 'a' } });
    expect(blue).toMatchObject({
      name: 'blue',
      driver: 'bridge',
      internal: false,
      subnets: [{ subnet: '172.18.0.0/24', gateway: '172.18.0.1', aux: {} }],
      labels: { team: 'a' },
      bridge: `br-${blue.id.slice(0, 12)}`,
    });
    expect(links()).toContain(blue.bridge);
    expect(lab.networking.networks.get(blue.id.slice(0, 6))).toEqual(blue);
  });

  it('keep the first default subnet for the network bridge', () => {
    create({ name: 'blue' });
    const bridge = lab.host.inside(() => lab.networking.networks.ensureDefault());
    expect(bridge).toMatchObject({ name: 'bridge', bridge: 'hawser0' });
    expect(bridge.subnets[0]?.subnet).toBe('172.17.0.0/16');
    expect(lab.host.inside(() => lab.networking.networks.ensureDefault())).toEqual(bridge);
  });

  it('go around subnets that the host has on its links, not around what is behind a gateway', () => {
    lab.host.exec(['ip', 'addr', 'add', '172.18.0.1/22', 'dev', 'eth0']);
    lab.host.exec(['ip', 'route', 'add', '172.18.4.0/24', 'via', '192.0.2.1']);
    expect(create({ name: 'blue' }).subnets[0]?.subnet).toBe('172.18.4.0/24');
  });

  it('hand out addresses in range, never a reserved one', () => {
    create({
      name: 'blue',
      subnets: [
        {
          subnet: '10.5.0.0/24',
          gateway: '10.5.0.254',
          range: '10.5.0.8/30',
          aux: { router: '10.5.0.9' },
        },
      ],
    });
    const addresses = ['a', 'b', 'c'].map(
      (name) => lab.container(name, { network: 'blue' }).address,
    );
    expect(addresses).toEqual(['10.5.0.8', '10.5.0.10', '10.5.0.11']);
    const full = refusal(() => lab.container('d', { network: 'blue' }));
    expect(full.code).toBe('exhausted');
    expect(full.message).toContain('attach d to blue: no address of the range 10.5.0.8/30 is free');
    expect(full.hint).toBe('see: hawser network inspect blue');
    expect(lab.container('e', { network: 'blue', ip: '10.5.0.77' }).address).toBe('10.5.0.77');
  });

  it.each<[string, NetworkSpec, string]>([
    ['taken', { name: 'blue' }, 'create network blue: there is a network of that name already'],
    ['taken', { name: 'bridge' }, 'it is the default network'],
    ['invalid', { name: '../x' }, 'create network ../x: the name does not begin with'],
    [
      'invalid',
      { name: 'x', driver: 'overlay' },
      'there is no driver "overlay"; there are bridge,',
    ],
    [
      'invalid',
      { name: 'x', options: { mtu: '1' } },
      'create network x: network option "mtu" is not known',
    ],
    ['invalid', { name: 'x', subnets: [{ subnet: '10.5.0.0' }] }, '"10.5.0.0" is not a subnet'],
    [
      'invalid',
      { name: 'x', subnets: [{ subnet: '10.5.0.1/24' }] },
      '10.5.0.1/24 has bits set behind its prefix',
    ],
    [
      'invalid',
      { name: 'x', subnets: [{ subnet: '10.6.0.0/24', gateway: '10.7.0.1' }] },
      'is outside 10.6.0.0/24',
    ],
    [
      'taken',
      { name: 'x', subnets: [{ subnet: '10.5.0.128/25' }] },
      'create network x: subnet 10.5.0.128/25 overlaps with 10.5.0.0/24 of network blue',
    ],
    [
      'taken',
      { name: 'x', subnets: [{ subnet: '192.0.2.0/28' }] },
      'overlaps with 192.0.2.0/24 of the route to 192.0.2.0/24 on eth0',
    ],
    [
      'taken',
      { name: 'x', subnets: [{ subnet: '2001:db8::/48' }] },
      'of the route to 2001:db8::/64 on eth0',
    ],
    [
      'taken',
      { name: 'x', options: { 'com.docker.network.bridge.name': 'eth0' } },
      'there is an interface eth0 already',
    ],
    [
      'taken',
      { name: 'x', options: { 'com.docker.network.bridge.name': 'hawser0' } },
      'interface hawser0 is that of network bridge, made at its first use',
    ],
  ])('%s: %j', (code, spec, sentence) => {
    create({ name: 'blue', subnets: [{ subnet: '10.5.0.0/24' }] });
    const before = lab.snapshot();
    const error = refusal(() => create(spec));
    expect(error.message).toContain(sentence);
    expect(error.code).toBe(code);
    expect(lab.snapshot()).toEqual(before);
  });

  it('are removed with all that is theirs, once nobody is attached', () => {
    const before = lab.snapshot();
    create({ name: 'blue' });
    lab.container('web1', { network: 'blue' });
    const remove = () => lab.host.inside(() => lab.networking.networks.remove('blue'));
    expect(refusal(remove).message).toBe('remove network blue: it has web1 attached');
    lab.host.inside(() => lab.networking.detach({ sandbox: 'web1' }));
    expect(remove().name).toBe('blue');
    expect(refusal(remove)).toMatchObject({
      code: 'not-found',
      message: 'remove network blue: there is no network "blue"',
    });
    const after = lab.snapshot();
    expect({ ...(after as object), rules: [] }).toEqual({ ...(before as object), rules: [] });
  });

  it('are pruned, except those in use, those to keep and the default one', () => {
    lab.container('web0');
    lab.host.inside(() => lab.networking.detach({ sandbox: 'web0' }));
    for (const name of ['a', 'b', 'c']) create({ name });
    lab.container('web1', { network: 'a' });
    const pruned = lab.host.inside(() => lab.networking.networks.prune(({ name }) => name === 'b'));
    expect(pruned.map(({ name }) => name)).toEqual(['c']);
    expect(
      lab.networking.networks
        .list()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['a', 'b', 'bridge']);
  });

  it('tell of a firewall that drops what containers send', () => {
    lab.host.exec(['nft', 'add table ip filter']);
    lab.host.exec([
      'nft',
      'add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }',
    ]);
    create({ name: 'blue' });
    expect(lab.notes.join('\n')).toContain(
      'chain FORWARD of table ip filter drops what it does not know',
    );
  });
});
