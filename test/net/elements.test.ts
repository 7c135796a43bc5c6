/** Elements that the firewall writes by itself are those that nft would have written. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runNft } from '../../native/nftables.ts';
import { openSetElements } from '../../native/set-elements.ts';
import { changeDirectly } from '../../net/firewall/direct.ts';
import { commands, type Element } from '../../net/firewall/elements.ts';
import { openFirewall } from '../../net/firewall/firewall.ts';
import { TABLES } from '../../net/firewall/tables.ts';
import { type FakeHost, makeFakeHost } from '../support/fakehost.ts';

let host: FakeHost;
const sets = openSetElements('hawser');
beforeAll(() => {
  host = makeFakeHost();
});
afterAll(() => {
  sets.close();
  host.dispose();
});

const elements: Element[] = [
  { set: 'bridges', key: ['"br-0123456789ab"'] },
  { set: 'within', key: ['"br-0123456789ab"', '"br-0123456789ab"'] },
  { set: 'home4', key: ['10.5.0.0/20', '"br-0123456789ab"'] },
  { set: 'home6', key: ['fd00:5::/64', '"br-0123456789ab"'] },
  { set: 'names4', key: ['10.5.0.1', '"br-0123456789ab"'], data: ['10.5.0.1', '25353'] },
  { set: 'names6', key: ['fd00:5::1', '"br-0123456789ab"'], data: ['fd00:5::1', '25353'] },
  { set: 'ports4', key: ['tcp', '192.0.2.2', '8080'], data: ['10.5.0.9', '80'] },
  { set: 'ports4_any', key: ['udp', '53'], data: ['10.5.0.9', '5353'] },
  { set: 'ranges4', key: ['tcp', '0.0.0.0/0', '8000-8999'], data: ['10.5.0.9'] },
  { set: 'ranges4', key: ['udp', '192.0.2.2', '60000-65535'], data: ['10.5.0.10'] },
  { set: 'deny_to4', key: ['10.5.0.9', '0.0.0.0/0', 'tcp', '80'] },
  { set: 'allow_from4', key: ['10.5.0.9', '10.0.0.0-10.5.0.8', '0-255', '0-65535'] },
  { set: 'allow_to6', key: ['fd00:5::9', 'fd00:5::-fd00:5::8', 'udp', '53'] },
  { set: 'spoofing', key: ['"hv0123456789abc"'] },
  { set: 'macs', key: ['"hv0123456789abc"', '02:42:0a:05:00:09'] },
  { set: 'own4', key: ['"hv0123456789abc"', '10.5.0.9'] },
  { set: 'own6', key: ['"hv0123456789abc"', 'fd00:5::9'] },
  { set: 'targets6', key: ['"hv0123456789abc"', '0xfd000005000000000000000000000009'] },
  { set: 'options6', key: ['"hv0123456789abc"', '0x02420a050009'] },
];
const listed = () => host.exec(['nft', 'list', 'ruleset']);

it('by nft and without it the table comes out the same, and empty again', () => {
  host.inside(() => runNft(TABLES.map(({ skeleton }) => skeleton).join('')));
  const empty = listed();
  host.inside(() => runNft(commands('add', elements)));
  const byNft = listed();
  expect(host.inside(() => changeDirectly(sets, 'delete', elements))).toBe(true);
  expect(listed()).toBe(empty);
  expect(host.inside(() => changeDirectly(sets, 'add', elements))).toBe(true);
  expect(listed()).toBe(byNft);
  host.inside(() => runNft(commands('delete', elements)));
  expect(listed()).toBe(empty);
});

it('what the kernel lists is known again, element by element', () => {
  const firewall = openFirewall();
  try {
    host.inside(() => firewall.add(elements, () => elements));
    expect(host.inside(() => firewall.differences(elements))).toEqual([]);
    const [first, ...others] = elements;
    expect(host.inside(() => firewall.differences(others))).toEqual([
      `the table inet hawser: ${first?.set} { br-0123456789ab } belongs to nothing`,
    ]);
    host.inside(() => firewall.remove(elements));
  } finally {
    firewall.close();
  }
});

it('what is there already is added again, what is gone already is deleted with the rest', () => {
  const [first, ...others] = elements;
  const change = (verb: 'add' | 'delete', some: Element[]) =>
    host.inside(() => changeDirectly(sets, verb, some));
  expect(change('add', others)).toBe(true);
  expect(change('add', elements)).toBe(true);
  expect(change('delete', first === undefined ? [] : [first])).toBe(true);
  expect(change('delete', elements)).toBe(true);
  expect(listed()).not.toContain('elements');
});

it('a refusal changes nothing, and is left to nft', () => {
  const port = (address: string): Element => ({
    set: 'ports4_any',
    key: ['tcp', '80'],
    data: [address, '80'],
  });
  expect(host.inside(() => changeDirectly(sets, 'add', [port('10.5.0.9')]))).toBe(true);
  const before = listed();
  const bridge = { set: 'bridges', key: ['"br1"'] };
  expect(host.inside(() => changeDirectly(sets, 'add', [bridge, port('10.5.0.1')]))).toBe(false);
  expect(listed()).toBe(before);
  const wildcard = { set: 'bridges', key: ['"br-*"'] };
  expect(host.inside(() => changeDirectly(sets, 'add', [bridge, wildcard]))).toBe(false);
  expect(listed()).toBe(before);
});

it('a table that is gone is no failure of deleting, and made anew by adding', () => {
  host.exec(['nft', 'delete', 'table', 'inet', 'hawser']);
  const firewall = openFirewall();
  try {
    host.inside(() => firewall.remove(elements));
    host.inside(() => firewall.add(elements.slice(0, 1), () => elements));
    expect(host.inside(() => firewall.differences(elements))).toEqual([]);
  } finally {
    firewall.close();
  }
});
