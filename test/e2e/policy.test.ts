/** Policies by the command line, on containers by their names and labels. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Hawser, makeHawser } from '../support/hawser.ts';

let hawser: Hawser;
beforeAll(() => {
  hawser = makeHawser();
  hawser.importBusybox();
  hawser.run('network', 'create', 'blue');
  const serve = 'while true; do echo hello | nc -l -p 80; done';
  hawser.run('run', '-d', '--name', 'db', '--network', 'blue', 'busybox', 'sh', '-c', serve);
  for (const [name, tier] of [
    ['web', 'front'],
    ['job', 'back'],
  ] as const) {
    hawser.run(
      'run',
      '-d',
      '--name',
      name,
      '-l',
      `tier=${tier}`,
      '--network',
      'blue',
      'busybox',
      'sleep',
      '600',
    );
  }
});
afterAll(() => hawser.dispose());

const policy = (...words: string[]) => hawser.run('network', 'policy', ...words);
/** By its name, which is asked of the gateway whatever the policy. */
const reaches = (name: string) =>
  hawser.try(['exec', name, 'sh', '-c', 'echo | nc -w 1 db 80']).stdout.trim() === 'hello';

it('who is allowed by a label reaches whom it is allowed to, and nobody else does', async () => {
  await expect.poll(() => reaches('web'), { timeout: 10_000 }).toBe(true);
  policy('set', 'blue', '--default', 'deny');
  expect(policy('allow', 'blue', '--from', 'label=tier=front', '--to', 'db', '--port', '80')).toBe(
    '1',
  );
  expect([reaches('web'), reaches('job')]).toEqual([true, false]);
  expect(policy('deny', 'blue', '--from', 'web')).toBe('2');
  expect(reaches('web')).toBe(false);
  policy('rm', 'blue', '2');
  expect(reaches('web')).toBe(true);
  expect(policy('ls', 'blue')).toBe(
    [
      'RULE   VERDICT   FROM               TO   PORTS',
      '1      allow     label=tier=front   db   80/tcp',
      'default: deny',
    ].join('\n'),
  );
});

it('a container that is started again is covered as before', () => {
  hawser.run('stop', '-t', '0', 'web');
  hawser.run('start', 'web');
  expect([reaches('web'), reaches('job')]).toEqual([true, false]);
});

it('without it, everybody reaches everybody', () => {
  policy('rm', 'blue', '--all');
  policy('set', 'blue', '--default', 'allow');
  expect([reaches('web'), reaches('job')]).toEqual([true, true]);
});
