import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isPinned, netnsIdentity } from '../../native/netns.ts';
import { makeFakeHost, OUTSIDE_ADDRESS } from './fakehost.ts';

test('a fake host is a namespace of its own with lo up and nothing else', () => {
  const host = makeFakeHost();
  try {
    expect(host.inside(() => netnsIdentity())).toBe(netnsIdentity(host.netns));
    expect(netnsIdentity(host.netns)).not.toBe(netnsIdentity());
    const links = JSON.parse(host.exec(['ip', '-json', 'link'])) as {
      ifname: string;
      flags: string[];
    }[];
    expect(links.map((link) => link.ifname)).toEqual(['lo']);
    expect(links[0]?.flags).toContain('UP');
  } finally {
    host.dispose();
  }
  expect(existsSync(host.dir)).toBe(false);
  expect(isPinned(host.netns)).toBe(false);
});

test('a fake host with an uplink reaches the outside by its default route', () => {
  const host = makeFakeHost({ uplink: true });
  try {
    expect(host.exec(['ip', 'route', 'get', '198.51.100.7'])).toContain(`via ${OUTSIDE_ADDRESS}`);
    expect(host.outside?.exec(['ip', 'route'])).not.toContain('default');
  } finally {
    host.dispose();
  }
});
