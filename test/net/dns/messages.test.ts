/** How questions and answers are carried: UDP and TCP, EDNS0, truncation, and what is no question. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Container } from '../lab.ts';
import { ask, message, read, tell } from './client.ts';
import { makeNameLab, type NameLab } from './lab.ts';

const CROWD = 200;
const GATEWAY = '10.5.0.1';

let lab: NameLab;
let asker: Container;
const addresses: string[] = [];

beforeAll(async () => {
  lab = await makeNameLab();
  lab.host.inside(() =>
    lab.networking.networks.create({ name: 'blue', subnets: [{ subnet: '10.5.0.0/16' }] }),
  );
  asker = lab.container('asker', { network: 'blue' });
  for (let i = 0; i < CROWD; i++) {
    addresses.push(lab.container(`many${i}`, { network: 'blue', aliases: ['many'] }).address);
  }
}, 60_000);
afterAll(() => lab.dispose());

describe('an answer that is larger than what the asker takes', () => {
  it.each([
    [undefined, 512],
    [100, 512],
    [700, 700],
    [1232, 1232],
    [4096, 1232],
  ])('says so, with as much as fits: EDNS0 %s, %s bytes', (edns, most) => {
    const told = ask(asker, GATEWAY, 'many', edns === undefined ? {} : { edns });
    expect(told?.truncated).toBe(true);
    expect(told?.size).toBeLessThanOrEqual(most);
    expect(told?.size).toBeGreaterThan(most - 60);
    expect(told?.answers.length).toBeGreaterThan(10);
    const opt = told?.packet.additionals?.some(({ type }) => type === 'OPT') ?? false;
    expect(opt).toBe(edns !== undefined);
  });

  it('comes whole by TCP', () => {
    const told = ask(asker, GATEWAY, 'many', { protocol: 'tcp' });
    expect(told?.truncated).toBe(false);
    expect(told?.answers.toSorted()).toEqual(addresses.toSorted());
  });

  it('of another server is cut likewise, and comes whole by TCP', () => {
    const short = ask(asker, GATEWAY, 'long-8.example', { type: 'TXT' });
    expect(short).toMatchObject({ truncated: true, answers: [] });
    expect(
      ask(asker, GATEWAY, 'long-8.example', { type: 'TXT', edns: 1232 })?.answers,
    ).toHaveLength(8);
    expect(ask(asker, GATEWAY, 'large-300.example', { type: 'TXT' })?.truncated).toBe(true);
    const whole = ask(asker, GATEWAY, 'large-300.example', { type: 'TXT', protocol: 'tcp' });
    expect(whole?.answers).toHaveLength(300);
  });
});

it('one connection carries many questions, also in pieces, and a slow one holds nobody up', () => {
  const questions = Array.from({ length: 50 }, (_, i) => message(`many${i}`, {}, i));
  const answers = tell(asker, GATEWAY, questions, { protocol: 'tcp' }).map(read);
  expect(answers.map(({ packet }) => packet.id)).toEqual(questions.map((_, i) => i));
  expect(answers.map((told) => told.answers[0])).toEqual(addresses.slice(0, 50));
});

it('connections of one asker are so many and no more, and end when nothing comes', () => {
  const silent = Array.from({ length: 3 }, () =>
    tell(asker, GATEWAY, [Buffer.alloc(0)], { protocol: 'tcp', patience: 50 }),
  );
  expect(silent.flat()).toEqual([]);
  expect(ask(asker, GATEWAY, 'many1', { protocol: 'tcp' })?.rcode).toBe('NOERROR');
});

describe('what is no question', () => {
  const [id] = [message('many1').subarray(0, 2)];
  const rcodeOf = (bytes: Buffer) =>
    tell(asker, GATEWAY, [bytes], { patience: 2000 }).map(read)[0]?.rcode;

  it('is refused as malformed, or as nothing that is known here', () => {
    const cut = message('many1').subarray(0, 20);
    expect(rcodeOf(cut)).toBe('FORMERR');
    const notify = Buffer.from(message('many1'));
    notify.writeUInt8(0x20, 2);
    expect(rcodeOf(notify)).toBe('NOTIMP');
    const two = Buffer.from(message('many1'));
    two.writeUInt16BE(2, 4);
    expect(rcodeOf(two)).toBe('FORMERR');
    const itself = Buffer.concat([
      message('many1').subarray(0, 12),
      Buffer.from([0xc0, 12, 0, 1, 0, 1]),
    ]);
    expect(rcodeOf(itself)).toBe('FORMERR');
  });

  it('is passed over: noise, and answers', () => {
    const answer = Buffer.from(message('many1'));
    answer.writeUInt8(0x80, 2);
    const noise = [Buffer.from('x'), Buffer.alloc(0), answer, id ?? Buffer.alloc(0)];
    expect(tell(asker, GATEWAY, noise, { patience: 200 })).toEqual([]);
  });

  it('never ends the responder: ten thousand damaged messages', async () => {
    const whole = message('many1', { edns: 1232 });
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48_271) % 0x7fffffff;
      return seed % below;
    };
    for (let round = 0; round < 100; round++) {
      const damaged = Array.from({ length: 100 }, () => {
        const bytes = Buffer.from(whole.subarray(0, random(whole.length) + 1));
        for (let n = random(4); n >= 0; n--) bytes.writeUInt8(random(256), random(bytes.length));
        return bytes;
      });
      tell(asker, GATEWAY, damaged, { patience: 1 });
    }
    // As a resolver does, it asks again: its first question may find the queue full.
    await expect
      .poll(() => ask(asker, GATEWAY, 'many1', { patience: 500 })?.rcode, { timeout: 10_000 })
      .toBe('NOERROR');
    expect(lab.responder.exitCode).toBeNull();
  });

  it('is a newer EDNS than is known: BADVERS', () => {
    const told = ask(asker, GATEWAY, 'many1', { edns: 1232, ednsVersion: 1 });
    const [opt] = told?.packet.additionals ?? [];
    expect(opt).toMatchObject({ type: 'OPT', extendedRcode: 1, ednsVersion: 0 });
    expect(told?.answers).toEqual([]);
  });
});
