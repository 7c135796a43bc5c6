import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../../ipam/address.ts';

describe('parseAddress', () => {
  test.each([
    ['0.0.0.0', 4, 0n],
    ['10.5.0.9', 4, 0x0a050009n],
    ['255.255.255.255', 4, 0xffffffffn],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['1::', 6, 1n << 112n],
    ['fd00::5', 6, (0xfd00n << 112n) | 5n],
    ['FD00::A', 6, (0xfd00n << 112n) | 10n],
    ['1:2:3:4:5:6:7:8', 6, 0x00010002000300040005000600070008n],
    ['1:2:3:4:5:6:7::', 6, 0x00010002000300040005000600070000n],
    ['::2:3:4:5:6:7:8', 6, 0x00000002000300040005000600070008n],
    ['0001:0:0::8', 6, (1n << 112n) | 8n],
    ['::ffff:10.5.0.9', 6, 0xffff_0a05_0009n],
    ['64:ff9b::192.0.2.33', 6, (0x64ff9bn << 96n) | 0xc0000221n],
    ['1:2:3:4:5:6:1.2.3.4', 6, 0x00010002000300040005000601020304n],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 6, (1n << 128n) - 1n],
  ] as const)('reads %s', (text, family, value) => {
    expect(parseAddress(text)).toEqual({ family, value });
  });

  test.each([
    '',
    ' ',
    '10.5.0',
    '10.5.0.9.1',
    '10.5.0.256',
    '10.5.0.09',
    '010.5.0.9',
    '0x0a.5.0.9',
    '10.5.0.-1',
    '10.5.0. 9',
    '10.5.0.9 ',
    '10.5.0.9/24',
    '10.5..9',
    '168099849',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '1::2::3',
    ':1::2',
    '1::2:',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '::1.2.3',
    '::256.2.3.4',
    '1:2:3:4:5:6:7:1.2.3.4',
    '[::1]',
    '١٠.٥.٠.٩',
    '10.5.0.9\n',
  ])('refuses %j', (text) => {
    expect(() => parseAddress(text)).toThrow(
      expect.objectContaining({
        code: 'invalid',
        message: expect.stringContaining(JSON.stringify(text)),
      }),
    );
  });
});

describe('formatAddress', () => {
  // The cases of RFC 5952, 4 and 5, and of RFC 4291, 2.2.
  test.each([
    ['10.5.0.9', '10.5.0.9'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['2001:DB8:AAAA::AbCd', '2001:db8:aaaa::abcd'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['fe80:0:0:0:0:0:0:0', 'fe80::'],
    ['0:1:2:3:4:5:6:7', '0:1:2:3:4:5:6:7'],
    ['::ffff:0a05:0009', '::ffff:10.5.0.9'],
  ])('writes %s as %s', (text, canonical) => {
    expect(formatAddress(parseAddress(text))).toBe(canonical);
    expect(formatAddress(parseAddress(canonical))).toBe(canonical);
  });
});
