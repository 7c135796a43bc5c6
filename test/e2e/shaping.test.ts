/** Rates of containers, from the command line to the kernel. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Hawser, makeHawser } from '../support/hawser.ts';

let hawser: Hawser;

beforeAll(() => {
  hawser = makeHawser({ uplink: true });
  hawser.importBusybox();
  hawser.run('network', 'create', 'blue');
});
afterAll(() => hawser.dispose());

const buckets = () =>
  hawser.host
    .exec(['tc', 'qdisc', 'show'])
    .split('\n')
    .flatMap((line) => /tbf .*dev (h[vi]).* rate (\S+) /.exec(line)?.slice(1, 3).join(' ') ?? [])
    .sort();

it('hold while it runs, are changed live, outlive a restart, and go with it', () => {
  const options = ['--network', 'blue', '--egress-rate', '20mbit', '--ingress-rate', '10mbit'];
  hawser.run('run', '-d', '--name', 'web', ...options, 'busybox', 'sleep', '600');
  expect(buckets()).toEqual(['hi 20Mbit', 'hv 10Mbit']);
  const shaping = { egressRate: 20_000_000, ingressRate: 10_000_000 };
  expect(hawser.inspect('web').endpoints).toMatchObject([{ shaping }]);
  hawser.run('network', 'shape', 'blue', 'web', '--egress-rate', '1mbit', '--ingress-rate', 'none');
  expect(buckets()).toEqual(['hi 1Mbit']);
  hawser.run('stop', '-t', '0', 'web');
  expect(buckets()).toEqual([]);
  hawser.run('network', 'shape', 'blue', 'web', '--ingress-rate', '2mbit');
  hawser.run('start', 'web');
  expect(buckets()).toEqual(['hi 1Mbit', 'hv 2Mbit']);
  hawser.run('network', 'connect', '--egress-rate', '3mbit', 'bridge', 'web');
  expect(buckets()).toEqual(['hi 1Mbit', 'hi 3Mbit', 'hv 2Mbit']);
  hawser.run('network', 'disconnect', 'bridge', 'web');
  expect(buckets()).toEqual(['hi 1Mbit', 'hv 2Mbit']);
  hawser.run('rm', '-f', 'web');
  expect(buckets()).toEqual([]);
  expect(hawser.host.exec(['ip', '-br', 'link', 'show', 'type', 'ifb'])).toBe('');
});

it.each([
  [['--network', 'host', '--egress-rate', '1mbit'], 'cannot be chosen for a container that joins'],
  [['--network', 'none', '--egress-rate', '1mbit'], 'cannot be chosen for a container that is'],
  [['--burst', '32k'], 'a burst says nothing without a rate'],
  [['--egress-rate', '1kbit'], 'egressRate is 8000 to 100000000000 bits a second, not 1000'],
])('%j is refused before anything is made', (options, sentence) => {
  const { code, stderr } = hawser.try(['create', ...options, 'busybox', 'true']);
  expect(code).toBe(125);
  expect(stderr).toContain(sentence);
  expect(hawser.run('ps', '-aq')).toBe('');
});
