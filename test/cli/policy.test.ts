import { describe, expect, it } from 'vitest';
import { hawser } from './fake.ts';

const calls = async (...words: string[]) =>
  (await hawser(['network', 'policy', ...words])).engine.calls;

describe('network policy', () => {
  it('allow and deny hand on what they were told', async () => {
    expect(
      await calls(
        'allow',
        'blue',
        '--from',
        'web',
        '--to',
        'db',
        '--port',
        '5432',
        '--port',
        '53/udp',
      ),
    ).toEqual([
      [
        'policy add',
        'blue',
        { verdict: 'allow', from: 'web', to: 'db', ports: ['5432', '53/udp'] },
      ],
    ]);
    expect(await calls('deny', 'blue')).toEqual([
      ['policy add', 'blue', { verdict: 'deny', from: 'any', to: 'any', ports: [] }],
    ]);
  });

  it('set takes a verdict', async () => {
    expect(await calls('set', 'blue', '--default', 'deny')).toEqual([
      ['policy default', 'blue', 'deny'],
    ]);
    expect((await hawser(['network', 'policy', 'set', 'blue', '--default', 'drop'])).stderr).toBe(
      'hawser: --default is allow or deny, not "drop"\n',
    );
  });

  it('rm takes numbers, or all', async () => {
    expect(await calls('rm', 'blue', '2', '3')).toEqual([['policy remove', 'blue', [2, 3]]]);
    expect(await calls('rm', 'blue', '--all')).toEqual([['policy remove', 'blue', undefined]]);
    for (const words of [[], ['1', '--all']]) {
      expect((await hawser(['network', 'policy', 'rm', 'blue', ...words])).stderr).toBe(
        'hawser: network policy rm takes the numbers of rules, or --all\n',
      );
    }
  });

  it('ls shows rules and default', async () => {
    expect((await hawser(['network', 'policy', 'ls', 'blue'])).stdout).toBe(
      [
        'RULE   VERDICT   FROM   TO              PORTS',
        '1      allow     web    label=role=db   5432/tcp, 53-54/udp',
        'default: deny',
        '',
      ].join('\n'),
    );
    const json = JSON.parse(
      (await hawser(['network', 'policy', 'ls', 'blue', '--format', 'json'])).stdout,
    );
    expect(json).toMatchObject({ default: 'deny', rules: [{ id: 1, from: 'web' }] });
  });

  it('alone, it says what there is', async () => {
    expect((await hawser(['network', 'policy', '--help'])).stdout).toMatch(
      /ls.*set.*allow.*deny.*rm/s,
    );
  });
});
