/** A container that asks without end, and what is left for the others. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPoller } from '../../../native/epoll.ts';
import { connectTo, receive, send } from '../../../native/inet.ts';
import { close } from '../../../native/libc.ts';
import type { Container } from '../lab.ts';
import { ask, message } from './client.ts';
import { makeNameLab, type NameLab } from './lab.ts';

let lab: NameLab;
let wild: Container;
let calm: Container;

beforeAll(async () => {
  lab = await makeNameLab();
  lab.host.inside(() =>
    lab.networking.networks.create({ name: 'blue', subnets: [{ subnet: '10.5.0.0/24' }] }),
  );
  wild = lab.container('wild', { network: 'blue' });
  calm = lab.container('calm', { network: 'blue' });
});
afterAll(() => lab.dispose());

const pid = () => {
  // The responder runs below nsenter, which has become it.
  const { pid } = lab.responder;
  if (pid === undefined) throw new Error('the responder has no pid');
  return pid;
};
/** MB of the responder that are its own. */
const memory = () =>
  Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid()}/status`, 'utf8'))?.[1]) / 1024;
const descriptors = () => readdirSync(`/proc/${pid()}/fd`).length;

/** Sends so many questions, all different, and passes over the answers. */
function flood(count: number, nameOf: (i: number) => string): void {
  const fd = wild.inside(() => connectTo('udp', '10.5.0.1', 53));
  const inbox = Buffer.alloc(4096);
  for (let i = 0; i < count; i++) {
    send(fd, message(nameOf(i)));
    while (receive(fd, inbox) !== undefined);
  }
  close(fd);
}

it('of names nobody answers: sockets and memory have a bound, and a neighbour its answers', () => {
  const fds = descriptors();
  flood(4000, (i) => `silent.warm${i}.example`);
  const before = memory();
  for (let round = 0; round < 10; round++) {
    flood(2000, (i) => `silent.${round}x${i}.example`);
    expect(descriptors()).toBeLessThan(fds + 80);
    const told = [1, 2, 3].map(() => ask(calm, '10.5.0.1', 'wild', { patience: 1000 })?.answers);
    expect(told).toContainEqual([wild.address]);
    expect(ask(calm, '10.5.0.1', 'www.example', { type: 'TXT' })?.rcode).toBe('NOERROR');
  }

  expect(memory()).toBeLessThan(before + 24);
}, 60_000);

it('of names here that nobody has: nothing is remembered without end', async () => {
  flood(5000, (i) => `${i % 200}.0.5.10.in-addr.arpa`);
  const before = memory();
  flood(20_000, (i) => `${i}.wild.blue`);

  expect(memory()).toBeLessThan(before + 24);
  await expect
    .poll(() => ask(calm, '10.5.0.1', 'wild', { patience: 500 })?.answers, { timeout: 10_000 })
    .toEqual([wild.address]);
}, 60_000);

it('of one name again and again: answering takes no memory', () => {
  flood(5000, () => 'calm');
  const before = memory();
  flood(60_000, () => 'calm');
  expect(memory()).toBeLessThan(before + 8);
}, 60_000);

it('of connections: they have a bound, and one asker does not take all', () => {
  const fds = descriptors();
  const idle = Array.from({ length: 100 }, () =>
    wild.inside(() => connectTo('tcp', '10.5.0.1', 53)),
  );
  try {
    const poller = openPoller();
    for (let i = 0; i < 20; i++) poller.wait(10);
    poller.close();
    expect(ask(calm, '10.5.0.1', 'wild', { protocol: 'tcp' })?.answers).toEqual([wild.address]);
    expect(descriptors()).toBeLessThan(fds + 30);
  } finally {
    for (const fd of idle) close(fd);
  }
});
