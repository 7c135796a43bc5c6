import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ShapingChange } from '../../net/request.ts';
import type { Place } from '../support/fakehost.ts';
import { type Container, type Lab, makeLab, refusal } from './lab.ts';

const MBIT = 1_000_000;
const SECONDS = 2;

let lab: Lab;
beforeEach(() => {
  lab = makeLab({ uplink: true });
});
afterEach(() => lab.dispose());

const tc = (...args: string[]) => lab.host.exec(['tc', ...args]);
const ifbs = () => lab.host.exec(['ip', '-br', 'link', 'show', 'type', 'ifb']);
const change = (sandbox: string, change: ShapingChange) =>
  lab.host.inside(() => lab.networking.shape({ sandbox, network: 'bridge', ...change }));
const reconcile = () => lab.host.inside(() => lab.networking.reconcile()).map(({ what }) => what);

/** Bits a second that arrived at the far end, as iperf3 counts them; the payload alone. */
async function measure(from: Place, to: Container, ...options: string[]): Promise<number> {
  const [file = '', ...args] = to.argv(['iperf3', '--server', '--one-off', '--forceflush']);
  const server = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 30_000 });
  const ended = once(server, 'exit');
  await once(server.stdout, 'data'); // it listens
  const client = ['iperf3', '--client', to.address, '--time', `${SECONDS}`, '--json', ...options];
  const [command = '', ...rest] = from.argv(client);
  const { stdout } = await promisify(execFile)(command, rest, { timeout: 30_000 });
  await ended;
  const { end } = JSON.parse(stdout);
  if (end.sum_received?.bits_per_second > 0) return end.sum_received.bits_per_second;
  return end.sum.bits_per_second * (1 - end.sum.lost_percent / 100);
}

function expectRate(measured: number, rate: number): void {
  expect(measured).toBeGreaterThan(0.9 * rate);
  expect(measured).toBeLessThan(1.1 * rate);
}

describe('a bounded endpoint', () => {
  it.each([
    ['TCP', []],
    ['UDP', ['--udp', '--bitrate', '40M']],
  ])('keeps to its rates over %s, each in its direction', async (_, options) => {
    const shaping = { egressRate: 20 * MBIT, ingressRate: 10 * MBIT };
    const web = lab.container('web', { shaping });
    const peer = lab.container('peer');
    expectRate(await measure(web, peer, ...options), shaping.egressRate);
    expectRate(await measure(peer, web, ...options), shaping.ingressRate);
  });

  it('cannot take its bounds off, whatever it may do in its own namespace', async () => {
    const web = lab.container('web', { shaping: { egressRate: 10 * MBIT } });
    const peer = lab.container('peer');
    web.exec(['tc', 'qdisc', 'replace', 'dev', 'eth0', 'root', 'pfifo']);
    expectRate(await measure(web, peer), 10 * MBIT);
  });

  it('is bounded anew, and no longer, while it is in use', async () => {
    const web = lab.container('web', { shaping: { egressRate: 50 * MBIT } });
    const peer = lab.container('peer');
    change('web', { egressRate: 20 * MBIT });
    expectRate(await measure(web, peer), 20 * MBIT);
    expect(change('web', { ingressRate: 10 * MBIT }).shaping).toEqual({
      egressRate: 20 * MBIT,
      ingressRate: 10 * MBIT,
    });
    expect(change('web', { egressRate: null })).toMatchObject({
      shaping: { ingressRate: 10 * MBIT },
    });
    expect(ifbs()).toBe('');
    expect(change('web', { ingressRate: null })).not.toHaveProperty('shaping');
    expect(tc('qdisc')).not.toMatch(/tbf|ingress/);
    expect(await measure(web, peer)).toBeGreaterThan(100 * MBIT);
    expect(reconcile()).toEqual([]);
  });
});

describe('the queues', () => {
  const shaping = { egressRate: 20 * MBIT, ingressRate: 10 * MBIT, burst: 32_768 };

  it('are one at the host end and one at an ifb, with the burst that was asked for', () => {
    const { hostIfname = '' } = lab.container('web', { shaping }).endpoint;
    const ifb = hostIfname.replace('hv', 'hi');
    expect(tc('qdisc', 'show', 'dev', hostIfname)).toMatch(/tbf .*rate 10Mbit burst 32Kb/);
    expect(tc('qdisc', 'show', 'dev', ifb)).toMatch(/tbf .*rate 20Mbit burst 32Kb/);
  });

  it.each([false, true])('go with the endpoint (its sandbox ending: %s)', (ending) => {
    const before = lab.container('before') && lab.snapshot();
    lab.container('web', { shaping });
    expect(ifbs()).not.toBe('');
    lab.host.inside(() => lab.networking.detach({ sandbox: 'web', ending }));
    expect(ifbs()).toBe('');
    if (!ending) expect(lab.snapshot()).toEqual(before);
  });

  it.each([
    ['the ifb', ['ip', 'link', 'del', 'IFB'], 'web: what eth0 sends is not bounded as it was'],
    ['its queue', ['tc', 'qdisc', 'del', 'dev', 'IFB', 'root'], 'web: what eth0 sends is'],
    ['the way to it', ['tc', 'qdisc', 'del', 'dev', 'HOST', 'ingress'], 'web: what eth0 sends is'],
    ['the bucket', ['tc', 'qdisc', 'del', 'dev', 'HOST', 'root'], 'web: what eth0 receives is'],
    ['the link', ['ip', 'link', 'del', 'HOST'], 'web: what eth0 sends is not bounded'],
  ])('are mended when a hand took %s away', async (_, damage, what) => {
    const web = lab.container('web', { shaping });
    const { hostIfname = '' } = web.endpoint;
    const names: Record<string, string> = { HOST: hostIfname, IFB: hostIfname.replace('hv', 'hi') };
    expect(reconcile()).toEqual([]);
    lab.host.exec(damage.map((word) => names[word] ?? word));
    expect(reconcile().join('\n')).toContain(what);
    expect(reconcile()).toEqual([]);
    expectRate(await measure(web, lab.container('peer')), shaping.egressRate);
  });

  it('that belong to no endpoint go', () => {
    lab.host.exec(['ip', 'link', 'add', 'hi0123456789abc', 'type', 'ifb']);
    lab.host.exec(['ip', 'link', 'add', 'ifb7', 'type', 'ifb']);
    expect(reconcile()).toEqual(['link hi0123456789abc belongs to no endpoint']);
    expect(ifbs()).toMatch(/^ifb7 /);
  });
});

describe('what cannot be bounded so is refused in a sentence', () => {
  it.each([
    [{ egressRate: 100 }, 'egressRate is 8000 to 100000000000 bits a second, not 100'],
    [{ ingressRate: Number.NaN }, 'ingressRate is 8000 to 100000000000 bits a second, not NaN'],
    [{ burst: 32_768 }, 'a burst says nothing without a rate'],
    [
      { egressRate: MBIT, burst: 1000 },
      'a burst of 1000 bytes is less than one packet of 1514, and none would get through',
    ],
  ])('%j', (shaping, sentence) => {
    lab.container('web');
    const before = lab.snapshot();
    const { id, path } = lab.sandbox('one');
    const attach = () =>
      lab.networking.attach({ network: 'bridge', sandbox: { id, path }, owner: id, shaping });
    const error = refusal(() => lab.host.inside(attach));
    expect(error.message).toBe(`attach one to bridge: ${sentence}`);
    expect(refusal(() => change('web', shaping)).message).toBe(`shape web on bridge: ${sentence}`);
    expect(lab.snapshot()).toEqual(before);
  });

  it('a link that has no end on the host', () => {
    const subnets = [{ subnet: '192.0.2.0/24', gateway: '192.0.2.1' }];
    const create = () =>
      lab.networking.networks.create({ name: 'pub', driver: 'macvlan', subnets });
    lab.host.inside(create);
    const shaping = { egressRate: MBIT };
    expect(refusal(() => lab.container('one', { network: 'pub', shaping })).message).toBe(
      'attach one to pub: pub is a macvlan network, whose containers have no end on the host to be shaped at',
    );
  });
});
