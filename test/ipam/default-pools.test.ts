import { describe, expect, test } from 'vitest';
import {
  type AddressPool,
  defaultPools,
  firstFreeSubnet,
  setDefaultPools,
  subnetsIn,
} from '../../ipam/default-pools.ts';
import { memoryStore } from '../../store/memory.ts';

const pools = (family: 4 | 6, store = memoryStore()) =>
  store.transaction(() => defaultPools(store, family));

describe('the default pools', () => {
  test("are Docker's local ones, in smaller pieces", () => {
    const whole = (...taken: string[]) => firstFreeSubnet(pools(4), taken);
    expect(whole()).toBe('172.17.0.0/16');
    expect(whole('172.17.0.0/16')).toBe('172.18.0.0/24');
    expect(whole('172.16.0.0/12')).toBe('192.168.0.0/24');
    expect(pools(4).reduce((sum, pool) => sum + subnetsIn(pool), 0)).toBe(3841);
  });

  test('of IPv6 are a block of unique local addresses, random and kept (RFC 4193)', () => {
    const store = memoryStore();
    const [block] = pools(6, store);
    expect(block).toMatchObject({ base: expect.stringMatching(/^fd.*::\/48$/), size: 64 });
    expect(pools(6, store)).toEqual([block]);
    expect(pools(6)).not.toEqual([block]);
  });
});

describe('pools that were set', () => {
  test('take the place of the built-in ones of their family, until none are', () => {
    const store = memoryStore();
    setDefaultPools(store, [{ base: '10.0.0.0/8', size: 26 }]);
    expect(pools(4, store)).toEqual([{ base: '10.0.0.0/8', size: 26 }]);
    expect(pools(6, store)).toMatchObject([{ base: expect.stringMatching(/^fd/), size: 64 }]);
    setDefaultPools(store, []);
    expect(pools(4, store)).toEqual(pools(4));
  });

  test.each([
    [[{ base: '10.0.0.1/8', size: 24 }], '10.0.0.1/8 has bits set behind its prefix'],
    [[{ base: '10.0.0.0/8', size: 7 }], 'subnets of a /7 cannot be cut from it'],
    [[{ base: '10.0.0.0/8', size: 31 }], 'the size is 8 to 30'],
    [[{ base: 'fd00:5::/48', size: 127 }], 'the size is 48 to 126'],
    [[{ base: '169.254.0.0/16', size: 24 }], '169.254.0.0/16 is link-local'],
    [
      [
        { base: '10.0.0.0/8', size: 24 },
        { base: '10.9.0.0/16', size: 24 },
      ],
      'address pools 10.0.0.0/8 and 10.9.0.0/16 overlap',
    ],
  ])('are refused: %j', (wrong, sentence) => {
    expect(() => setDefaultPools(memoryStore(), wrong)).toThrow(sentence);
  });
});

describe('the first free subnet', () => {
  const cut: AddressPool[] = [
    { base: '10.0.0.0/22', size: 24 },
    { base: 'fd00:5::/48', size: 64 },
  ];

  test.each([
    [[], '10.0.0.0/24'],
    [['10.0.0.0/24', '10.0.2.0/24'], '10.0.1.0/24'],
    [['10.0.2.0/24', '10.0.0.0/24', '10.0.1.128/30'], '10.0.3.0/24'],
    [['10.0.0.0/23', '10.0.0.0/25', '10.0.3.0/24'], '10.0.2.0/24'],
    [['10.0.0.0/8'], 'fd00:5::/64'],
    [['10.0.0.0/8', 'fd00:5::/64', 'fd00:5:0:1::1/128'], 'fd00:5:0:2::/64'],
    [['0.0.0.0/0', 'fd00::/8'], undefined],
  ])('beside %j is %s', (taken, expected) => {
    expect(firstFreeSubnet(cut, taken)).toBe(expected);
  });

  test('is found at once in a large block', () => {
    const taken = Array.from({ length: 1000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
    expect(firstFreeSubnet([{ base: '10.0.0.0/8', size: 24 }], taken)).toBe('10.3.232.0/24');
  });
});
