import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Ipam, openIpam } from '../../ipam/ipam.ts';
import type { PoolSpec } from '../../ipam/pool.ts';
import { openStore } from '../../store/lmdb.ts';
import { memoryStore } from '../../store/memory.ts';
import type { Store } from '../../store/store.ts';

let dir = '';
const stores: [string, () => Store][] = [
  ['memory', memoryStore],
  ['lmdb', () => openStore(dir)],
];

describe.each(stores)('ipam on the %s store', (_, open) => {
  let store: Store;
  let ipam: Ipam;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'hawser-ipam-'));
    store = open();
    ipam = openIpam(store);
  });
  afterEach(() => {
    store.close();
    rmSync(dir, { recursive: true });
  });

  const add = (subnet: string, rest: Partial<PoolSpec> = {}) =>
    ipam.addPool({ id: 'p', subnet, ...rest });
  /** Takes by owners a0, a1, ... until the pool is full, and returns the addresses. */
  const takeAll = (limit = 300): string[] => {
    const taken: string[] = [];
    try {
      while (taken.length < limit) taken.push(ipam.take('p', `a${taken.length}`).address);
    } catch (error) {
      expect(error).toMatchObject({ code: 'exhausted' });
    }
    return taken;
  };
  const fails = (code: string, message: string) => expect.objectContaining({ code, message });

  describe('a pool', () => {
    test('is kept in canonical text, its gateway the first address', () => {
      const pool = add('FD00:5:0::/64', {
        range: 'fd00:5::AB00/120',
        aux: { dns: 'FD00:5::0:53' },
      });
      expect(pool).toEqual({
        id: 'p',
        subnet: 'fd00:5::/64',
        gateway: 'fd00:5::1',
        range: 'fd00:5::ab00/120',
        aux: { dns: 'fd00:5::53' },
      });
      expect(ipam.pool('p')).toEqual(pool);
      expect(ipam.pools()).toEqual([pool]);
    });

    test('has the gateway it was given, the first one free of aux addresses, or none', () => {
      expect(add('10.5.0.0/24', { gateway: '10.5.0.254' }).gateway).toBe('10.5.0.254');
      const aux = { a: '10.6.0.1', b: '10.6.0.2' };
      expect(ipam.addPool({ id: 'q', subnet: '10.6.0.0/24', aux }).gateway).toBe('10.6.0.3');
      expect(ipam.addPool({ id: 'r', subnet: '10.7.0.0/24', gateway: null }).gateway).toBeNull();
      expect(ipam.take('r', 'a').address).toBe('10.7.0.1');
    });

    test('may be added twice, but not with other settings', () => {
      const pool = add('10.5.0.0/24', { aux: { dns: '10.5.0.53' } });
      ipam.take('p', 'a');
      expect(add('10.5.0.0/24', { aux: { dns: '10.5.0.53' } })).toEqual(pool);
      expect(() => add('10.5.0.0/24')).toThrow(
        fails('taken', 'the pool p exists with other settings'),
      );
      expect(ipam.take('p', 'b').address).toBe('10.5.0.3');
    });

    test.each<[string, Partial<PoolSpec>, string]>([
      ['10.5.0.0/33', {}, '"10.5.0.0/33" is not a subnet'],
      ['127.1.0.0/16', {}, '127.1.0.0/16 cannot be used: 127.0.0.0/8 is loopback'],
      ['224.0.0.0/24', {}, '224.0.0.0/24 cannot be used: 224.0.0.0/4 is multicast'],
      ['0.0.0.0/0', {}, '0.0.0.0/0 cannot be used: 0.0.0.0/8 means "this network"'],
      ['ff02::/64', {}, 'ff02::/64 cannot be used: ff00::/8 is multicast'],
      ['10.5.0.0/24', { range: '10.5.1.0/24' }, 'the range 10.5.1.0/24 is not inside 10.5.0.0/24'],
      ['10.5.0.0/24', { range: '10.5.0.9/28' }, '10.5.0.9/28 has bits set behind'],
      ['10.5.0.0/24', { range: '10.4.0.0/15' }, 'the range 10.4.0.0/15 is not inside 10.5.0.0/24'],
      ['10.5.0.0/24', { range: 'fd00::/64' }, 'the range fd00::/64 is not inside 10.5.0.0/24'],
      ['10.5.0.0/24', { gateway: '10.6.0.1' }, 'the gateway, 10.6.0.1, is outside 10.5.0.0/24'],
      [
        '10.5.0.0/24',
        { gateway: '10.5.0.0' },
        'the gateway, 10.5.0.0, is the network address of 10.5.0.0/24',
      ],
      [
        '10.5.0.0/24',
        { gateway: '10.5.0.255' },
        'the gateway, 10.5.0.255, is the broadcast address of 10.5.0.0/24',
      ],
      [
        'fd00::/64',
        { gateway: 'fd00::' },
        'the gateway, fd00::, is the subnet-router anycast address of fd00::/64',
      ],
      ['10.5.0.0/24', { gateway: 'blue' }, '"blue" is not an IP address'],
      [
        '10.5.0.0/24',
        { aux: { dns: '10.6.0.53' } },
        'the aux address dns, 10.6.0.53, is outside 10.5.0.0/24',
      ],
      [
        '10.5.0.0/24',
        { gateway: '10.5.0.53', aux: { dns: '10.5.0.53' } },
        'the gateway, 10.5.0.53, is set apart for dns',
      ],
      [
        '10.5.0.0/24',
        { aux: { dns: '10.5.0.53', ntp: '10.5.0.53' } },
        'the aux address ntp, 10.5.0.53, is set apart for dns',
      ],
      [
        '10.5.0.8/31',
        { aux: { a: '10.5.0.8', b: '10.5.0.9' } },
        '10.5.0.8/31 has no address left for its gateway',
      ],
    ])('%s with %j is refused', (subnet, rest, message) => {
      expect(() => add(subnet, rest)).toThrow(
        expect.objectContaining({ code: 'invalid', message: expect.stringContaining(message) }),
      );
      expect(ipam.pools()).toEqual([]);
    });

    test.each([
      ['empty', ''],
      ['with NUL', 'a\0b'],
      ['too long', 'x'.repeat(491)],
    ])('is refused an id that is %s', (_, id) => {
      expect(() => ipam.addPool({ id, subnet: '10.5.0.0/24' })).toThrow(
        fails('invalid', 'the name of a pool takes 1 to 490 bytes without NUL'),
      );
    });

    test('is removed when nothing of it is leased, and leaves nothing', () => {
      add('10.5.0.0/24');
      ipam.take('p', 'web/eth0');
      expect(() => ipam.removePool('p')).toThrow(
        fails('in-use', 'the pool p has addresses leased, one to web/eth0'),
      );
      ipam.release('p', 'web/eth0');
      expect(ipam.removePool('p')).toBe(true);
      expect(ipam.removePool('p')).toBe(false);
      for (const name of ['pools', 'gaps', 'held', 'owners']) {
        expect([...store.table(name).entries()]).toEqual([]);
      }
    });

    test('that is unknown is named', () => {
      const unknown = fails('not-found', 'there is no pool p');
      expect(() => ipam.take('p', 'a')).toThrow(unknown);
      expect(() => [...ipam.leases('p')]).toThrow(unknown);
      expect(() => ipam.reclaim('p', () => true)).toThrow(unknown);
      expect(ipam.pool('p')).toBeUndefined();
      expect(ipam.leaseOf('p', 'a')).toBeUndefined();
      expect(ipam.release('p', 'a')).toBe(false);
    });

    test('is not mixed up with one whose id begins with its own', () => {
      ipam.addPool({ id: 'n/10.5.0.0/2', subnet: '10.5.0.0/28' });
      ipam.addPool({ id: 'n/10.5.0.0/24', subnet: '10.6.0.0/28' });
      ipam.take('n/10.5.0.0/24', 'a');
      expect([...ipam.leases('n/10.5.0.0/2')]).toEqual([]);
      expect(ipam.removePool('n/10.5.0.0/2')).toBe(true);
      expect(ipam.take('n/10.5.0.0/24', 'b').address).toBe('10.6.0.3');
    });
  });

  describe('edges', () => {
    test.each<[string, Partial<PoolSpec>, string[]]>([
      ['10.5.0.0/29', {}, ['10.5.0.2', '10.5.0.3', '10.5.0.4', '10.5.0.5', '10.5.0.6']],
      ['10.5.0.0/30', {}, ['10.5.0.2']],
      ['10.5.0.8/31', {}, ['10.5.0.9']],
      ['10.5.0.8/31', { gateway: null }, ['10.5.0.8', '10.5.0.9']],
      ['10.5.0.8/31', { gateway: '10.5.0.9' }, ['10.5.0.8']],
      ['10.5.0.9/32', {}, []],
      ['10.5.0.9/32', { gateway: null }, ['10.5.0.9']],
      ['fd00::/126', {}, ['fd00::2', 'fd00::3']],
      ['fd00::8/127', {}, ['fd00::9']],
      ['fd00::8/127', { gateway: null }, ['fd00::8', 'fd00::9']],
      ['fd00::8/128', { gateway: null }, ['fd00::8']],
      [
        '255.255.255.248/29',
        { gateway: null, range: '255.255.255.252/30' },
        ['255.255.255.252', '255.255.255.253', '255.255.255.254'],
      ],
      ['10.5.0.0/24', { range: '10.5.0.0/30' }, ['10.5.0.2', '10.5.0.3']],
      ['10.5.0.0/24', { range: '10.5.0.252/30' }, ['10.5.0.252', '10.5.0.253', '10.5.0.254']],
      ['10.5.0.0/24', { range: '10.5.0.255/32' }, []],
      [
        '10.5.0.0/24',
        { range: '10.5.0.128/30', aux: { a: '10.5.0.129' }, gateway: '10.5.0.131' },
        ['10.5.0.128', '10.5.0.130'],
      ],
    ])('%s with %j hands out %j and is full', (subnet, rest, expected) => {
      add(subnet, rest);
      expect(takeAll()).toEqual(expected);
      expect(() => ipam.take('p', 'late')).toThrow(
        expect.objectContaining({
          code: 'exhausted',
          message: `no address of ${rest.range ? `the range ${rest.range}` : subnet} is free: ${expected.length} ${expected.length === 1 ? 'is' : 'are'} leased`,
        }),
      );
    });

    test('2^64 addresses take no counting, neither to make nor to use nor to remove', () => {
      add('fd00::/64');
      expect(takeAll(3)).toEqual(['fd00::2', 'fd00::3', 'fd00::4']);
      expect(ipam.take('p', 'last', 'fd00::ffff:ffff:ffff:ffff')).toMatchObject({ prefix: 64 });
      expect([...store.table('gaps').entries()]).toHaveLength(1);
      for (const { owner } of [...ipam.leases('p')]) ipam.release('p', owner);
      expect(ipam.removePool('p')).toBe(true);
    });
  });

  describe('a lease', () => {
    test('is what take returns and the store keeps', () => {
      add('10.5.0.0/24');
      const lease = ipam.take('p', 'web/eth0');
      expect(lease).toEqual({
        pool: 'p',
        address: '10.5.0.2',
        prefix: 24,
        owner: 'web/eth0',
        since: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      });
      expect(ipam.leaseOf('p', 'web/eth0')).toEqual(lease);
      expect(ipam.holderOf('p', '10.5.0.2')).toEqual(lease);
      expect(ipam.holderOf('p', '10.5.0.3')).toBeUndefined();
      expect([...ipam.leases('p')]).toEqual([lease]);
    });

    test('is one for an owner, however often it is taken', () => {
      add('10.5.0.0/24');
      const lease = ipam.take('p', 'a');
      expect(ipam.take('p', 'a')).toEqual(lease);
      expect(ipam.take('p', 'a', '10.5.0.2')).toEqual(lease);
      expect(() => ipam.take('p', 'a', '10.5.0.7')).toThrow(
        fails('in-use', 'a holds 10.5.0.2 already and cannot have 10.5.0.7 as well'),
      );
      expect(ipam.take('p', 'b').address).toBe('10.5.0.3');
    });

    test('of an owner in two pools are two', () => {
      add('10.5.0.0/24');
      ipam.addPool({ id: 'six', subnet: 'fd00::/64' });
      ipam.take('p', 'a');
      expect(ipam.take('six', 'a').address).toBe('fd00::2');
      ipam.release('p', 'a');
      expect(ipam.leaseOf('six', 'a')?.address).toBe('fd00::2');
    });

    test('is given back once', () => {
      add('10.5.0.0/24');
      ipam.take('p', 'a');
      expect(ipam.release('p', 'a')).toBe(true);
      expect(ipam.release('p', 'a')).toBe(false);
      expect(ipam.leaseOf('p', 'a')).toBeUndefined();
      expect(ipam.holderOf('p', '10.5.0.2')).toBeUndefined();
    });

    test('goes with the transaction it was taken in', () => {
      add('10.5.0.0/24');
      expect(() =>
        store.transaction(() => {
          ipam.take('p', 'a');
          throw new Error('the veth failed');
        }),
      ).toThrow('the veth failed');
      expect(ipam.leaseOf('p', 'a')).toBeUndefined();
      expect(ipam.take('p', 'b').address).toBe('10.5.0.2');
    });

    test('come by rising address', () => {
      add('10.5.0.0/24');
      for (const last of [200, 9, 10, 100]) ipam.take('p', `o${last}`, `10.5.0.${last}`);
      expect(Array.from(ipam.leases('p'), ({ address }) => address)).toEqual([
        '10.5.0.9',
        '10.5.0.10',
        '10.5.0.100',
        '10.5.0.200',
      ]);
    });

    test.each([
      ['empty', ''],
      ['with NUL', 'a\0b'],
      ['too long', 'x'.repeat(491)],
    ])('is refused to an owner that is %s', (_, owner) => {
      add('10.5.0.0/24');
      expect(() => ipam.take('p', owner)).toThrow(
        fails('invalid', 'the name of an owner takes 1 to 490 bytes without NUL'),
      );
    });
  });

  describe('a requested address', () => {
    test.each([
      ['10.5.0.9', '10.5.0.9'],
      ['10.5.0.254', '10.5.0.254'],
    ])('%s is had, in and out of the range', (requested, address) => {
      add('10.5.0.0/24', { range: '10.5.0.8/29' });
      expect(ipam.take('p', 'a', requested).address).toBe(address);
    });

    test.each([
      ['10.6.0.9', 'invalid', '10.6.0.9 is outside 10.5.0.0/24'],
      ['fd00::9', 'invalid', 'fd00::9 is outside 10.5.0.0/24'],
      ['10.5.0.0', 'invalid', '10.5.0.0 is the network address of 10.5.0.0/24'],
      ['10.5.0.255', 'invalid', '10.5.0.255 is the broadcast address of 10.5.0.0/24'],
      ['10.5.0.1', 'invalid', '10.5.0.1 is the gateway of 10.5.0.0/24'],
      ['10.5.0.53', 'invalid', '10.5.0.53 is set apart for dns'],
      ['10.5.0.999', 'invalid', '"10.5.0.999" is not an IP address'],
      ['10.5.0.9', 'taken', '10.5.0.9 is already leased to db1/eth0'],
    ])('%s is refused as %s', (requested, code, message) => {
      add('10.5.0.0/24', { aux: { dns: '10.5.0.53' } });
      ipam.take('p', 'db1/eth0', '10.5.0.9');
      const before = [...store.table('gaps').entries()];
      expect(() => ipam.take('p', 'web1/eth0', requested)).toThrow(fails(code, message));
      expect(ipam.leaseOf('p', 'web1/eth0')).toBeUndefined();
      expect([...store.table('gaps').entries()]).toEqual(before);
    });

    test('leaves the turn alone, unless its turn it was', () => {
      add('10.5.0.0/24');
      ipam.take('p', 'far', '10.5.0.200');
      expect(ipam.take('p', 'a').address).toBe('10.5.0.2');
      ipam.take('p', 'next', '10.5.0.3');
      ipam.release('p', 'next');
      expect(ipam.take('p', 'b').address).toBe('10.5.0.4');
    });
  });

  test('an address that is neither leased nor free is reported, not handed out', () => {
    add('10.5.0.0/24');
    store.transaction(() => store.table('gaps').remove(`p\0${'0a050002'}`));
    expect(() => ipam.take('p', 'a', '10.5.0.9')).toThrow(
      fails('corrupt', 'p: an address is neither leased nor free'),
    );
    expect(ipam.leaseOf('p', 'a')).toBeUndefined();
  });

  describe('the turn', () => {
    test('passes over what was just freed, and comes to it in the end', () => {
      add('10.5.0.0/29');
      ipam.take('p', 'a');
      ipam.release('p', 'a');
      expect(takeAll()).toEqual(['10.5.0.3', '10.5.0.4', '10.5.0.5', '10.5.0.6', '10.5.0.2']);
      ipam.release('p', 'a1');
      ipam.release('p', 'a3');
      // It stood behind .2, which was handed out last.
      expect(ipam.take('p', 'b').address).toBe('10.5.0.4');
      expect(ipam.take('p', 'c').address).toBe('10.5.0.6');
    });

    test('begins anew in the range, not in the subnet', () => {
      add('10.5.0.0/24', { range: '10.5.0.128/30' });
      expect(takeAll()).toEqual(['10.5.0.128', '10.5.0.129', '10.5.0.130', '10.5.0.131']);
      ipam.release('p', 'a0');
      expect(ipam.take('p', 'b').address).toBe('10.5.0.128');
    });
  });

  describe('reclaim', () => {
    test('takes back what the dead hold, and returns it', () => {
      add('10.5.0.0/24');
      const leases = ['a', 'b', 'c', 'd'].map((owner) => ipam.take('p', owner));
      const reclaimed = ipam.reclaim('p', (owner) => owner === 'b');
      expect(reclaimed).toEqual([leases[0], leases[2], leases[3]]);
      expect(Array.from(ipam.leases('p'), ({ owner }) => owner)).toEqual(['b']);
      expect(ipam.reclaim('p', () => true)).toEqual([]);
      // What was taken back is whole again: two gaps, one on each side of b.
      expect([...store.table('gaps').entries()]).toHaveLength(2);
    });

    test('that is interrupted takes nothing back', () => {
      add('10.5.0.0/24');
      ipam.take('p', 'a');
      expect(() =>
        ipam.reclaim('p', () => {
          throw new Error('no /proc');
        }),
      ).toThrow('no /proc');
      expect(ipam.leaseOf('p', 'a')).toBeDefined();
    });
  });
});
