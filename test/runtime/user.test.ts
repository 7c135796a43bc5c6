import { describe, expect, it } from 'vitest';
import type { Layers } from '../../runtime/rootfs.ts';
import { resolveUser } from '../../runtime/user.ts';

const FILES: Record<string, string> = {
  '/etc/passwd': [
    'root:x:0:0:root:/root:/bin/sh',
    'broken line',
    'www:x:33:34:web:/var/www:/bin/false',
    'nohome:x:40:40',
    '',
  ].join('\n'),
  '/etc/group': ['root:x:0:', 'wheel:x:10:root,www', 'www:x:34:', 'audio:x:29:www', ''].join('\n'),
};
const layers: Layers = {
  read: (path) => (FILES[path] === undefined ? undefined : Buffer.from(FILES[path])),
};
const none: Layers = { read: () => undefined };

describe('a user', () => {
  it('is root by default, with the groups of root', () => {
    expect(resolveUser('', layers)).toEqual({ uid: 0, gid: 0, groups: [0, 10], home: '/root' });
    expect(resolveUser('', none)).toEqual({ uid: 0, gid: 0, groups: [0], home: '/' });
  });

  it('has by name or number what the container knows of it', () => {
    const www = { uid: 33, gid: 34, groups: [34, 10, 29], home: '/var/www' };
    expect(resolveUser('www', layers)).toEqual(www);
    expect(resolveUser('33', layers)).toEqual(www);
  });

  it('may be a number that the container does not know', () => {
    expect(resolveUser('1234', layers)).toEqual({ uid: 1234, gid: 0, groups: [0], home: '/' });
    expect(resolveUser('1234:56', none)).toEqual({ uid: 1234, gid: 56, groups: [56], home: '/' });
  });

  it('with a group has only that group', () => {
    expect(resolveUser('www:audio', layers)).toMatchObject({ uid: 33, gid: 29, groups: [29] });
    expect(resolveUser(':audio', layers)).toMatchObject({ uid: 0, gid: 29 });
  });

  it('without a home is at home in /', () => {
    expect(resolveUser('nohome', layers).home).toBe('/');
  });

  it.each([
    ['nobody', 'run as user "nobody": the container has no such user in /etc/passwd'],
    ['www:nogroup', 'run as user "www:nogroup": the container has no such group in /etc/group'],
    ['a:b:c', 'expected NAME|UID[:GROUP|GID]'],
    ['4294967295', 'a uid is at most 2147483647'],
    ['0:4294967295', 'a gid is at most 2147483647'],
    ['-1', 'no such user'],
  ])('%s is refused', (text, message) => {
    expect(() => resolveUser(text, layers)).toThrow(message);
  });
});
