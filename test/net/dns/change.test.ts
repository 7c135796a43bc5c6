/** Names that come and go while they are asked for. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Container } from '../lab.ts';
import { ask } from './client.ts';
import { makeNameLab, type NameLab } from './lab.ts';

let lab: NameLab;
let asker: Container;

beforeAll(async () => {
  lab = await makeNameLab();
  lab.host.inside(() =>
    lab.networking.networks.create({ name: 'blue', subnets: [{ subnet: '10.5.0.0/16' }] }),
  );
  asker = lab.container('asker', { network: 'blue' });
});
afterAll(() => lab.dispose());

it('every answer is that of the moment, and none is lost, through a hundred changes', () => {
  const answers = (name: string) => ask(asker, '10.5.0.1', name)?.answers;
  let sandbox = lab.container('changing0', { network: 'blue', aliases: ['current'] }).sandbox;
  for (let round = 1; round <= 50; round++) {
    const [before, now] = [`changing${round - 1}`, `changing${round}`];
    const next = lab.container(now, { network: 'blue', aliases: ['current'] });
    expect(answers(now)).toEqual([next.address]);
    expect(answers('current')).toHaveLength(2);
    lab.host.inside(() => lab.networking.detach({ sandbox: sandbox.id }));
    expect(answers('current')).toEqual([next.address]);
    expect(answers(before)).not.toContain(next.address);
    expect(answers('asker')).toEqual([asker.address]);
    sandbox = next.sandbox;
  }
}, 60_000);
