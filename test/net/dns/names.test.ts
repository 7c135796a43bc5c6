/** Who is found by which name, from where. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Container } from '../lab.ts';
import { ask } from './client.ts';
import { makeNameLab, type NameLab } from './lab.ts';

const ID = 'c0ffee'.padEnd(64, '0');

let lab: NameLab;
const members: Record<string, Container> = {};
const member = (name: string): Container => {
  const found = members[name];
  if (found === undefined) throw new Error(`no container ${name}`);
  return found;
};
const told = (from: string, name: string, type = 'A', server = '10.5.0.1') =>
  ask(member(from), server, name, { type });
const answers = (...args: Parameters<typeof told>) => told(...args)?.answers;

beforeAll(async () => {
  lab = await makeNameLab();
  const { networks } = lab.networking;
  const subnets = (n: number) => [{ subnet: `10.${n}.0.0/24` }, { subnet: `fd00:${n}::/64` }];
  lab.host.inside(() => {
    networks.create({ name: 'blue', subnets: subnets(5) });
    networks.create({ name: 'green', subnets: subnets(6) });
    networks.create({ name: 'vault', internal: true, subnets: [{ subnet: '10.7.0.0/24' }] });
  });
  const add = (name: string, network: string, more = {}) => {
    members[name] = lab.container(name, { network, ...more });
  };
  add('web1', 'blue', { aliases: ['web', 'WWW.Shop'] });
  add('web2', 'blue', { aliases: ['web'] });
  add('web3', 'blue', { aliases: ['web'] });
  add('db1', 'green');
  add('safe1', 'vault');
  add('safe2', 'vault');
  const both = member('web1');
  lab.host.inside(() =>
    lab.networking.attach({ network: 'green', owner: 'web1', sandbox: both.sandbox }),
  );
  const { id, path, ...there } = lab.sandbox(ID);
  const sandbox = { id, path };
  const endpoint = lab.host.inside(() =>
    lab.networking.attach({ network: 'blue', owner: 'api', hostname: 'gate', sandbox }),
  );
  members.api = { ...there, sandbox, endpoint, address: endpoint.addresses[0]?.address ?? '' };
});
afterAll(() => lab.dispose());

describe('a container is found', () => {
  it('by its name, in both families, and by the gateway of either', () => {
    const [four, six] = member('web2').endpoint.addresses.map(({ address }) => address);
    expect(answers('web1', 'web2')).toEqual([four]);
    expect(answers('web1', 'web2', 'AAAA')).toEqual([six]);
    expect(answers('web1', 'web2', 'ANY')?.toSorted()).toEqual([four, six]);
    expect(answers('web1', 'web2', 'A', 'fd00:5::1')).toEqual([four]);
    expect(answers('web1', 'web1')).toEqual([member('web1').address]);
  });

  it.each(['api', 'API', 'gate', ID.slice(0, 12), 'api.blue', 'Api.BLUE'])('as %s', (name) => {
    expect(answers('web2', name)).toEqual([member('api').address]);
  });

  it('by an alias with dots', () => {
    expect(answers('web2', 'www.shop')).toEqual([member('web1').address]);
  });

  it('behind its address, in both families', () => {
    const [six] = member('web2').endpoint.addresses.filter(({ address }) => address.includes(':'));
    expect(
      answers(
        'web1',
        `${member('web2').address.split('.').reverse().join('.')}.in-addr.arpa`,
        'PTR',
      ),
    ).toEqual(['web2.blue']);
    const nibbles = `fd000005${'0'.repeat(23)}${six?.address.slice(-1)}`;
    const reverse = `${[...nibbles].reverse().join('.')}.ip6.arpa`;
    expect(answers('web1', reverse, 'PTR')).toEqual(['web2.blue']);
  });

  it('by the letters that it was asked with', () => {
    const packet = told('web1', 'wEb2')?.packet;
    expect(packet?.questions?.[0]?.name).toBe('wEb2');
    expect(packet?.answers?.[0]?.name).toBe('wEb2');
  });

  it('without a record of a type that it has none of, which is no error', () => {
    for (const type of ['MX', 'TXT', 'SRV', 'HTTPS']) {
      expect(told('web1', 'web2', type)).toMatchObject({ rcode: 'NOERROR', answers: [] });
    }
    expect(told('safe1', 'safe2', 'AAAA', '10.7.0.1')).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
    });
  });
});

describe('several behind one alias', () => {
  it('are all answered, each of them first in its turn', () => {
    const all = ['web1', 'web2', 'web3'].map((name) => member(name).address).sort();
    const firsts = Array.from({ length: 6 }, () => {
      const got = answers('api', 'web') ?? [];
      expect(got.toSorted()).toEqual(all);
      return got[0];
    });
    expect([...new Set(firsts)].sort()).toEqual(all);
    expect(firsts.slice(0, 3)).toEqual(firsts.slice(3));
  });
});

describe('what a container sees', () => {
  it('are the names of its own networks', () => {
    expect(answers('db1', 'web1', 'A', '10.6.0.1')).toEqual(['10.6.0.3']);
    expect(told('db1', 'web2', 'A', '10.6.0.1')?.answers[0]).not.toMatch(/^10\./);
    expect(answers('web1', 'db1')).toEqual([member('db1').address]);
    expect(answers('web1', 'web2', 'A', '10.6.0.1')).toEqual([member('web2').address]);
  });

  it('are no names behind addresses of others', () => {
    expect(told('db1', '3.0.5.10.in-addr.arpa', 'PTR', '10.6.0.1')?.answers).not.toContain(
      'web2.blue',
    );
    expect(told('db1', '77.0.6.10.in-addr.arpa', 'PTR', '10.6.0.1')).toMatchObject({
      rcode: 'NXDOMAIN',
    });
  });

  it('inside an internal network are the names inside: nothing is asked of anybody else', () => {
    lab.asked('first');
    lab.asked('second');
    expect(answers('safe1', 'safe2', 'A', '10.7.0.1')).toEqual([member('safe2').address]);
    expect(answers('safe1', '3.0.7.10.in-addr.arpa', 'PTR', '10.7.0.1')).toEqual(['safe2.vault']);
    expect(told('safe1', 'www.example', 'A', '10.7.0.1')).toMatchObject({
      rcode: 'SERVFAIL',
      answers: [],
    });
    expect([...lab.asked('first'), ...lab.asked('second')]).toEqual([]);
  });
});

it('an alias that nobody could ask for is refused', () => {
  const attach = () => lab.container('odd', { network: 'blue', aliases: ['a b'] });
  expect(attach).toThrow(/alias "a b" is no name: labels of letters/);
});
