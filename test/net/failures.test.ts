import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostIfnameOf } from '../../net/kernel-names.ts';
import type { Sandbox } from '../../net/model.ts';
import { parsePort } from '../../net/ports/parse.ts';
import { type Lab, makeLab } from './lab.ts';

/** Whatever step fails, everything is as it was before. */
let lab: Lab;
let sandbox: Sandbox;

beforeAll(() => {
  lab = makeLab({ uplink: true });
  lab.container('neighbour', { ports: ['7000:80'] });
  const { id, path } = lab.sandbox('web1');
  sandbox = { id, path };
});
afterAll(() => lab.dispose());

const ports = ['8080:80', '9000-9099:9000-9099', '6000-6001:80-81/udp'].map(parsePort);
const attach = () => lab.networking.attach({ network: 'bridge', sandbox, owner: 'web1', ports });
const detach = () => lab.networking.detach({ sandbox: sandbox.id });
const create = () =>
  lab.networking.networks.create({
    name: 'blue',
    subnets: [{ subnet: '10.5.0.0/24' }, { subnet: 'fd00:5::/64' }],
  });
const remove = () => lab.networking.networks.remove('blue');

const police = () =>
  lab.networking.networks.policy.replace('bridge', {
    default: 'deny',
    rules: [{ verdict: 'allow', to: 'neighbour', ports: ['80'] }],
  });
const unpolice = () =>
  lab.networking.networks.policy.replace('bridge', { default: 'allow', rules: [] });

/** The names of the steps that `work` goes through. */
function stepsOf(work: () => unknown): string[] {
  const steps: string[] = [];
  lab.onStep = (step) => steps.push(step);
  lab.host.inside(work);
  lab.onStep = () => {};
  return steps;
}

/** Fails after the nth step from now on. */
function failAt(n: number): void {
  let count = 0;
  lab.onStep = (step) => {
    if (count++ === n) throw new Error(`injected after ${step}`);
  };
}

describe.each<[string, () => unknown, () => unknown]>([
  ['attach', attach, detach],
  ['create network', create, remove],
  ['setting a policy', police, unpolice],
])('a failure in %s', (_, work, back) => {
  it('after any step leaves everything as before', () => {
    const steps = stepsOf(work);
    lab.host.inside(back);
    expect(steps.length).toBeGreaterThan(2);
    const before = lab.snapshot();
    for (const [n, step] of steps.entries()) {
      failAt(n);
      expect(() => lab.host.inside(work), step).toThrow(`injected after ${step}`);
      lab.onStep = () => {};
      expect(lab.snapshot(), step).toEqual(before);
    }
    lab.host.inside(work);
    lab.host.inside(back);
    expect(lab.snapshot()).toEqual(before);
  });
});

describe('a failure in detach', () => {
  it('after any step is reported, and the rest is done all the same', () => {
    const before = lab.snapshot();
    lab.host.inside(attach);
    const steps = stepsOf(detach);
    expect(steps.length).toBeGreaterThan(3);
    for (const [n, step] of steps.entries()) {
      lab.host.inside(attach);
      failAt(n);
      expect(() => lab.host.inside(detach), step).toThrow(`injected after ${step}`);
      lab.onStep = () => {};
      expect(lab.snapshot(), step).toEqual(before);
      lab.host.inside(detach); // and a second time is nothing to complain about
    }
  });

  it('after all steps reports all of them', () => {
    const before = lab.snapshot();
    lab.host.inside(attach);
    lab.onStep = (step) => {
      throw new Error(`no ${step}`);
    };
    expect(() => lab.host.inside(detach)).toThrow(
      /firewall: .*; veth: .*; ports: .*; lease: .*; record: /,
    );
    lab.onStep = () => {};
    expect(lab.snapshot()).toEqual(before);
  });

  it('is none when link, elements or namespace are gone already', () => {
    const before = lab.snapshot();
    const { key } = lab.host.inside(attach);
    lab.host.exec(['ip', 'link', 'del', hostIfnameOf(key)]);
    lab.host.exec(['nft', 'delete', 'element', 'inet', 'hawser', 'ports4_any', '{ tcp . 8080 }']);
    lab.host.inside(detach);
    expect(lab.snapshot()).toEqual(before);
  });
});
