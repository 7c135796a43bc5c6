import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../../ipam/address.ts';
import {
  contains,
  covers,
  formatSubnet,
  hostAddresses,
  overlaps,
  parseSubnet,
  subnetOf,
} from '../../ipam/subnet.ts';

describe('parseSubnet', () => {
  test.each([
    ['10.5.0.0/24', '10.5.0.0/24', '10.5.0.0', '10.5.0.255'],
    ['10.0.0.0/8', '10.0.0.0/8', '10.0.0.0', '10.255.255.255'],
    ['0.0.0.0/0', '0.0.0.0/0', '0.0.0.0', '255.255.255.255'],
    ['10.5.0.8/31', '10.5.0.8/31', '10.5.0.8', '10.5.0.9'],
    ['10.5.0.9/32', '10.5.0.9/32', '10.5.0.9', '10.5.0.9'],
    ['FD00:5:0::/64', 'fd00:5::/64', 'fd00:5::', 'fd00:5::ffff:ffff:ffff:ffff'],
    ['::/0', '::/0', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['fd00::8/127', 'fd00::8/127', 'fd00::8', 'fd00::9'],
    ['fd00::8/128', 'fd00::8/128', 'fd00::8', 'fd00::8'],
  ])('reads %s', (text, canonical, first, last) => {
    const subnet = parseSubnet(text);
    const { family } = subnet;
    expect(formatSubnet(subnet)).toBe(canonical);
    expect(formatAddress({ family, value: subnet.first })).toBe(first);
    expect(formatAddress({ family, value: subnet.last })).toBe(last);
    // The quick way to read it agrees with ip-cidr.
    expect(subnetOf(text)).toEqual(subnet);
  });

  test.each([
    '',
    '10.5.0.0',
    '10.5.0/24',
    '10.5.0.0/33',
    '10.5.0.0/-1',
    '10.5.0.0/024',
    '10.5.0.0/24/24',
    '10.5.0.0/255.255.255.0',
    '10.5.0.0/2 4',
    ' 10.5.0.0/24',
    '10.5.0.0/24 ',
    '010.5.0.0/24',
    '0x0a.5.0.0/16',
    'fd00::/129',
    'fd00:::/64',
    'fd00::%eth0/64',
    '::ffff:10.5.0.0/120',
    'fd00::10.5.0.0/112',
    'blue',
    '/24',
    '10.5.0.0/',
  ])('refuses %j', (text) => {
    expect(() => parseSubnet(text)).toThrow(
      expect.objectContaining({
        code: 'invalid',
        message: `${JSON.stringify(text)} is not a subnet`,
      }),
    );
  });

  test.each([
    ['10.5.0.9/24', '10.5.0.0/24'],
    ['fd00::1/64', 'fd00::/64'],
  ])('refuses %s and names the subnet that it lies in', (text, subnet) => {
    expect(() => parseSubnet(text)).toThrow(
      `${text} has bits set behind its prefix; the subnet is ${subnet}`,
    );
  });
});

test('subnetOf takes an address of the subnet, and an address alone for itself', () => {
  expect(formatSubnet(subnetOf('10.5.0.9/24'))).toBe('10.5.0.0/24');
  expect(formatSubnet(subnetOf('10.5.0.9'))).toBe('10.5.0.9/32');
  expect(formatSubnet(subnetOf('fd00::9'))).toBe('fd00::9/128');
  for (const text of ['10.5.0.0/', '10.5.0.0/x', '10.5.0.0/33', '10.5.0.0/1.5', 'x/24']) {
    expect(() => subnetOf(text), text).toThrow(expect.objectContaining({ code: 'invalid' }));
  }
});

describe('hostAddresses', () => {
  test.each([
    ['10.5.0.0/24', '10.5.0.1', '10.5.0.254'],
    ['10.5.0.0/30', '10.5.0.1', '10.5.0.2'],
    ['10.5.0.8/31', '10.5.0.8', '10.5.0.9'],
    ['10.5.0.9/32', '10.5.0.9', '10.5.0.9'],
    ['fd00::/64', 'fd00::1', 'fd00::ffff:ffff:ffff:ffff'],
    ['fd00::/126', 'fd00::1', 'fd00::3'],
    ['fd00::8/127', 'fd00::8', 'fd00::9'],
    ['fd00::8/128', 'fd00::8', 'fd00::8'],
  ])('of %s are %s to %s', (text, first, last) => {
    const subnet = subnetOf(text);
    const { family } = subnet;
    const hosts = hostAddresses(subnet);
    expect(formatAddress({ family, value: hosts.first })).toBe(first);
    expect(formatAddress({ family, value: hosts.last })).toBe(last);
  });
});

test('contains and covers know the families apart', () => {
  const subnet = subnetOf('10.5.0.0/24');
  expect(contains(subnet, parseAddress('10.5.0.0'))).toBe(true);
  expect(contains(subnet, parseAddress('10.5.0.255'))).toBe(true);
  expect(contains(subnet, parseAddress('10.5.1.0'))).toBe(false);
  expect(contains(subnet, parseAddress('10.4.255.255'))).toBe(false);
  // The same number, as the other family.
  expect(contains(subnet, { family: 6, value: parseAddress('10.5.0.1').value })).toBe(false);
  expect(covers(subnet, subnetOf('10.5.0.128/25'))).toBe(true);
  expect(covers(subnet, subnet)).toBe(true);
  expect(covers(subnet, subnetOf('10.5.0.0/23'))).toBe(false);
  expect(covers(subnetOf('::/0'), subnet)).toBe(false);
});

test.each([
  ['10.5.0.0/24', '10.5.0.0/24', true],
  ['10.5.0.0/24', '10.5.0.128/25', true],
  ['10.5.0.0/24', '10.0.0.0/8', true],
  ['10.5.0.0/24', '10.5.1.0/24', false],
  ['10.5.0.0/24', '10.4.255.0/24', false],
  ['0.0.0.0/0', '10.5.0.0/24', true],
  ['10.5.0.255', '10.5.0.0/24', true],
  ['fd00::/64', 'fd00::1:0/112', true],
  ['fd00::/64', 'fd00:0:0:1::/64', false],
  ['::/0', '0.0.0.0/0', false],
])('overlaps(%s, %s) is %s', (a, b, expected) => {
  expect(overlaps(a, b)).toBe(expected);
  expect(overlaps(b, a)).toBe(expected);
});
