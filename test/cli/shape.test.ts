import { describe, expect, it } from 'vitest';
import { parseRate } from '../../cli/parse/rate.ts';
import { hawser } from './fake.ts';

describe('a rate', () => {
  it.each([
    ['10mbit', 10_000_000],
    ['1gbit', 1_000_000_000],
    ['1.5Mbit', 1_500_000],
    ['8000', 8_000],
    ['64kbit', 64_000],
    ['1mibit', 1_048_576],
    ['500kbps', 4_000_000],
    ['1mibps', 8_388_608],
    ['9600bit', 9_600],
  ])('%s is read as tc reads it', (text, bits) => {
    expect(parseRate('--egress-rate', text)).toBe(bits);
  });

  it.each(['', 'fast', '10mb', '-1mbit', '10 mbit', '1e6', '0', '0mbit', '99999999tbit'])(
    '%j is refused',
    (text) => {
      expect(() => parseRate('--egress-rate', text)).toThrow('--egress-rate');
    },
  );
});

const called = async (...argv: string[]) => (await hawser(argv)).engine.calls[0];

describe('the options', () => {
  it('of run are for each network', async () => {
    const options = ['--network', 'blue', '--network', 'green:burst=64k', '--egress-rate', '1mbit'];
    expect(await called('create', ...options, 'busybox')).toMatchObject([
      'create',
      {
        networks: [
          { network: 'blue', shaping: { egressRate: 1_000_000 } },
          { network: 'green', shaping: { egressRate: 1_000_000, burst: 65_536 } },
        ],
      },
    ]);
    expect(await called('create', '--ingress-rate', '1mbit', 'busybox')).toMatchObject([
      'create',
      { networks: [{ network: 'bridge', shaping: { ingressRate: 1_000_000 } }] },
    ]);
  });

  it('of network connect are for that one', async () => {
    const options = ['--egress-rate', '1mbit', '--burst', '32k'];
    expect(await called('network', 'connect', ...options, 'blue', 'web')).toEqual([
      'connect',
      'blue',
      'web',
      { shaping: { egressRate: 1_000_000, burst: 32_768 } },
    ]);
  });

  it('of network shape change what is said', async () => {
    const options = ['--egress-rate', '2mbit', '--ingress-rate', 'none'];
    expect(await called('network', 'shape', 'blue', 'web', ...options)).toEqual([
      'shape',
      'blue',
      'web',
      { egressRate: 2_000_000, ingressRate: null },
    ]);
    const { code, stderr } = await hawser(['network', 'shape', 'blue', 'web']);
    expect({ code, stderr }).toEqual({
      code: 125,
      stderr:
        'hawser: network shape: it is not said what to change (--egress-rate, --ingress-rate or --burst)\n',
    });
  });
});
