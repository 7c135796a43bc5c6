/** Policies that are changed under connections that are there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { PolicyRuleRequest } from '../../net/policy/policy.ts';
import { type Conversation, converse, echo } from '../support/conversation.ts';
import { HOST_ADDRESS, HOST_ADDRESS6, OUTSIDE_ADDRESS, type Place } from '../support/fakehost.ts';
import { type Container, type Lab, makeLab } from './lab.ts';

const ECHO = 5432;
const TICKS = 5433;
/** A server that says something every 20 ms, and hears nothing. */
const CLOCK = `
require('node:net').createServer((socket) => {
  const timer = setInterval(() => socket.write('tick\\n'), 20);
  socket.on('error', () => {}).on('close', () => clearInterval(timer));
}).listen(Number(process.argv[1]), '::', () => console.log('ready'));`;
let lab: Lab;
let outside: Place;
let web: Container;
let db: Container;
let other: Container;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  lab = makeLab({ uplink: true });
  if (lab.host.outside === undefined) throw new Error('the host has no uplink');
  outside = lab.host.outside;
  const subnets = [{ subnet: '10.5.0.0/24' }, { subnet: 'fd00:5::/64' }];
  lab.host.inside(() => lab.networking.networks.create({ name: 'blue', subnets }));
  web = lab.container('web', { network: 'blue' });
  db = lab.container('db', { network: 'blue' });
  other = lab.container('other', { network: 'blue' });
  for (const at of [db, outside]) ends.push((await echo(at, ECHO)).end);
});
afterAll(async () => {
  await Promise.all(ends.map((end) => end()));
  await lab.dispose();
});
afterEach(() => policy('allow'));

const policies = () => lab.networking.networks.policy;

/** The policy of the network, from nothing: `allow web db 80/tcp`. */
function policy(fallback: 'allow' | 'deny', ...rules: string[]): void {
  const requests = rules.map((rule): PolicyRuleRequest => {
    const [verdict, from = 'any', to = 'any', ...ports] = rule.split(' ');
    return { verdict: verdict === 'deny' ? 'deny' : 'allow', from, to, ports };
  });
  lab.host.inside(() => policies().replace('blue', { default: fallback, rules: requests }));
}

const four = (at: Container) => at.endpoint.addresses[0]?.address ?? '';
const six = (at: Container) => at.endpoint.addresses[1]?.address ?? '';

function spawnIn(at: Place, command: string[]) {
  const [file = '', ...args] = at.argv(command);
  return spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] });
}

it('what a rule denies is cut, all else lives on, and it goes on where it is allowed again', async () => {
  const cut = await talk(web, four(db));
  const cut6 = await talk(web, six(db));
  const lives = await talk(other, four(db));
  const lives6 = await talk(other, six(db));
  const out = await talk(web, OUTSIDE_ADDRESS);
  const add = (rule: PolicyRuleRequest) => lab.host.inside(() => policies().add('blue', rule));

  const { id } = add({ verdict: 'deny', from: 'web', to: 'db', ports: [`${ECHO}/tcp`] });
  expect(await Promise.all([cut, cut6, lives, lives6, out].map((one) => one.say('a')))).toEqual([
    undefined,
    undefined,
    'a',
    'a',
    'a',
  ]);
  add({ verdict: 'deny', from: 'web', to: OUTSIDE_ADDRESS });
  expect(await Promise.all([lives, out].map((one) => one.say('b')))).toEqual(['b', undefined]);
  lab.host.inside(() => policies().remove('blue', [id]));
  await expect.poll(() => cut.say('c'), { timeout: 10_000 }).toBe('c');
  expect(await lives.say('c')).toBe('c');
});

it('the default cuts what no rule allows', async () => {
  const kept = await talk(web, four(db));
  const cut = await talk(other, four(db));
  policy('deny', `allow web db ${ECHO}`);
  expect(await Promise.all([kept.say('a'), cut.say('a')])).toEqual(['a', undefined]);
  policy('deny');
  expect(await kept.say('b')).toBeUndefined();
});

it('a published port is cut for those who are connected to it', async () => {
  const container = lab.container('published', { network: 'blue', ports: [`9000:${ECHO}`] });
  ends.push((await echo(container, ECHO)).end);
  const cut = await talk(outside, HOST_ADDRESS, 9000);
  const lives = await talk(outside, HOST_ADDRESS6, 9000);
  policy('allow', `deny ${OUTSIDE_ADDRESS} published ${ECHO}`);
  expect(await Promise.all([cut.say('a'), lives.say('a')])).toEqual([undefined, 'a']);
  lab.host.inside(() => lab.networking.detach({ sandbox: container.sandbox.id }));
});

it.each([
  ['lives on if it is allowed', 'deny', `allow web db ${TICKS}`, true],
  ['is cut if it is denied', 'allow', `deny web db ${TICKS}`, false],
] as const)(
  'a connection older than the first policy, of which the server speaks first, %s',
  async (_, fallback, rule, goesOn) => {
    const clock = spawnIn(db, [process.execPath, '-e', CLOCK, String(TICKS)]);
    await once(clock.stdout, 'data');
    const client = spawnIn(web, ['bash', '-c', `exec 3<>/dev/tcp/${four(db)}/${TICKS}; cat <&3`]);
    let ticks = 0;
    client.stdout.on('data', () => ticks++);
    await expect.poll(() => ticks).toBeGreaterThan(2);
    policy(fallback, rule);
    await delay(200); // what is under way still arrives
    const before = ticks;
    await delay(500);
    expect(ticks > before).toBe(goesOn);
    for (const child of [client, clock]) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  },
);

async function talk(from: Place, address: string, port = ECHO): Promise<Conversation> {
  const conversation = await converse(from, address, port);
  ends.unshift(conversation.end);
  return conversation;
}
