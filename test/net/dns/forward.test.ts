/** What no container is called: asked of others, one after the other. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Container } from '../lab.ts';
import { ask, type Question } from './client.ts';
import { makeNameLab, type NameLab, SERVERS } from './lab.ts';

let lab: NameLab;
let asker: Container;
const told = (name: string, from = asker, more: Question = {}) =>
  ask(from, '10.5.0.1', name, { type: 'TXT', patience: 6000, ...more });
/** Which server an answer is of. */
const by = (name: string, from?: Container, more?: Question) =>
  told(name, from, more)?.answers[0]?.split(' ')[0];

beforeAll(async () => {
  lab = await makeNameLab();
  lab.host.inside(() =>
    lab.networking.networks.create({ name: 'blue', subnets: [{ subnet: '10.5.0.0/24' }] }),
  );
  asker = lab.container('asker', { network: 'blue' });
});
afterAll(() => lab.dispose());

describe("the host's servers", () => {
  it('are asked in their order, by UDP as by TCP', () => {
    expect(by('www.example')).toBe('first');
    expect(by('www.example', asker, { protocol: 'tcp' })).toBe('first');
    expect(by('host')).toBe('first');
  });

  it('that there is no such name is an answer', () => {
    lab.asked('second');
    expect(told('none.example')).toMatchObject({ rcode: 'NXDOMAIN' });
    expect(lab.asked('second')).toEqual([]);
  });

  it('the next is asked when one fails', () => {
    expect(by('first.example')).toBe('second');
    expect(by('first.example', asker, { protocol: 'tcp' })).toBe('second');
    expect(told('second.example')?.answers[0]).toMatch(/^first /);
  });

  it('an answer by somebody who can guess the port, but not the rest, is passed over', () => {
    expect(by('forged.example')).toBe('first');
  });

  it('the next is asked when one is silent, which is asked last for a while', () => {
    expect(by('deaf-first.example')).toBe('second');
    lab.asked('first');
    expect(by('www.example')).toBe('second');
    expect(lab.asked('first')).toEqual([]);
  });

  it('when all are silent, the failure is told', () => {
    expect(told('silent.example')).toMatchObject({ rcode: 'SERVFAIL' });
  });
});

describe('servers of a container’s own', () => {
  it('are asked in place of the host’s, and passed over where nobody listens', () => {
    const own = lab.container('own', { network: 'blue', dns: [SERVERS.second] });
    lab.asked('first');
    expect(by('www.example', own)).toBe('second');
    const refused = lab.container('refused', {
      network: 'blue',
      dns: ['192.0.2.1', SERVERS.second],
    });
    expect(by('www.example', refused)).toBe('second');
    const unreachable = lab.container('away', {
      network: 'blue',
      dns: ['2001:db8:ffff::1', SERVERS.second],
    });
    expect(by('www.example', unreachable)).toBe('second');
    expect(lab.asked('first')).toEqual([]);
  });

  it('may name a gateway of ours, without anybody going round in circles', () => {
    const circle = lab.container('circle', { network: 'blue', dns: ['10.5.0.1'] });
    expect(told('www.example', circle)).toMatchObject({ rcode: 'SERVFAIL' });
    expect(ask(circle, '10.5.0.1', 'asker')?.answers).toEqual([asker.address]);
  });
});

it('a change of the host’s resolv.conf is seen', async () => {
  const fresh = lab.container('fresh', { network: 'blue' });
  writeFileSync(join(lab.host.dir, 'resolv.conf'), `nameserver ${SERVERS.second}\n`);
  await expect.poll(() => by('www.example', fresh), { timeout: 5000 }).toBe('second');
  lab.asked('first');
  expect(by('second.example', fresh)).toBeUndefined();
  expect(lab.asked('first')).toEqual([]);
});
