/** Connections that live on while the firewall is flushed under them and loaded anew. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Conversation, converse, echo } from '../support/conversation.ts';
import { HOST_ADDRESS, HOST_ADDRESS6, OUTSIDE_ADDRESS } from '../support/fakehost.ts';
import { ask, type Container, type Lab, makeLab } from './lab.ts';

let lab: Lab;
let web: Container;
let client: Container;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  lab = makeLab({ uplink: true });
  const { outside } = lab.host;
  if (outside === undefined) throw new Error('the host has no uplink');
  const subnets = [{ subnet: '10.5.0.0/24' }, { subnet: 'fd00:5::/64' }];
  lab.host.inside(() => lab.networking.networks.create({ name: 'blue', subnets }));
  web = lab.container('web', { network: 'blue', ports: ['8080:80', '9000-9009:9000-9009'] });
  client = lab.container('client', { network: 'blue' });
  for (const [at, port] of [
    [web, 80],
    [web, 9001],
    [outside, 5000],
  ] as const) {
    ends.push((await echo(at, port)).end);
  }
});
afterAll(async () => {
  await Promise.all(ends.map((end) => end()));
  await lab.dispose();
});

async function connections(): Promise<Record<string, Conversation>> {
  const outside = lab.host.outside ?? lab.host;
  const made = {
    'from outside, through a published port': await converse(outside, HOST_ADDRESS, 8080),
    'from outside, by IPv6': await converse(outside, HOST_ADDRESS6, 8080),
    'through a published range': await converse(outside, HOST_ADDRESS, 9001),
    'from the host, by its loopback': await converse(lab.host, '127.0.0.1', 8080),
    'from a container to the outside, masqueraded': await converse(client, OUTSIDE_ADDRESS, 5000),
    'between neighbours': await converse(client, web.address, 80),
    'from a neighbour, through the published port': await converse(client, HOST_ADDRESS, 8080),
  };
  ends.unshift(...Object.values(made).map(({ end }) => end));
  return made;
}

it('established connections live on through a flush and a reload, and new ones are made', async () => {
  const before = lab.snapshot();
  const all = Object.entries(await connections());
  lab.host.exec(['nft', 'flush', 'ruleset']);
  expect(lab.host.exec(['nft', 'list', 'ruleset'])).toBe('');
  lab.host.inside(() => lab.networking.reload());
  expect(lab.snapshot()).toEqual(before);
  for (const [name, connection] of all) {
    expect(await connection.say('still there?'), name).toBe('still there?');
  }
  await connections();
});

it('a reload under traffic loses no connection, and keeps the rules of the user', async () => {
  const all = Object.entries(await connections());
  const rule = ['nft', 'add', 'rule', 'inet', 'hawser', 'user', 'tcp', 'dport', '81', 'drop'];
  lab.host.exec(rule);
  for (let turn = 0; turn < 5; turn++) {
    lab.host.inside(() => lab.networking.reload());
    for (const [name, connection] of all) {
      expect(await connection.say(`turn ${turn}`), name).toBe(`turn ${turn}`);
    }
  }
  expect(lab.host.exec(['nft', 'list', 'chain', 'inet', 'hawser', 'user'])).toContain(
    'tcp dport 81 drop',
  );
  expect(await ask(client, 'tcp', web.address, 81)).toBeUndefined();
});

it.each(['inet', 'bridge'])('one table that is gone, of the family %s, comes back', (family) => {
  lab.host.exec(['nft', 'delete', 'table', family, 'hawser']);
  lab.host.inside(() => lab.networking.reload());
  expect(lab.host.inside(() => lab.networking.reconcile())).toEqual([]);
});
