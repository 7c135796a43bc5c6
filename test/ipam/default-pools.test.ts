import { describe, expect, test } from 'vitest';
import { type AddressPool, defaultPools, firstFreeSubnet } from '../../ipam/default-pools.ts';
import { memoryStore } from '../../store/memory.ts';

const pools = (family: 4 | 6, store = memoryStore()) =>
  store.transaction(() => defaultPools(store, family));

describe('the default pools', () => {
  test("are Docker's local ones", () => {
    const taken: string[] = [];
    for (;;) {
      const next = firstFreeSubnet(pools(4), taken);
      if (next === undefined) break;
      taken.push(next);
    }
    expect(taken).toHaveLength(31);
    expect([taken[0], taken[14]]).toEqual(['172.17.0.0/16', '172.31.0.0/16']);
    expect([taken[15], taken[30]]).toEqual(['192.168.0.0/20', '192.168.240.0/20']);
  });

  test('of IPv6 are a block of unique local addresses, random and kept (RFC 4193)', () => {
    const store = memoryStore();
    const [block] = pools(6, store);
    expect(block).toMatchObject({ base: expect.stringMatching(/^fd.*::\/48$/), size: 64 });
    expect(pools(6, store)).toEqual([block]);
    expect(pools(6)).not.toEqual([block]);
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
