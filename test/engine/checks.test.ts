/** What the engine refuses before it touches anything, and the sentences it refuses it with. */
import { describe, expect, it } from 'vitest';
import type { ContainerRecord } from '../../engine/container.ts';
import { mergeEnv } from '../../engine/containers/create.ts';
import { checkMounts } from '../../engine/containers/mounts.ts';
import { checkAliased, configureNetwork } from '../../engine/containers/network-config.ts';
import { parseSignal } from '../../engine/containers/signal.ts';
import { checkSysctls } from '../../engine/containers/sysctls.ts';
import type { Context } from '../../engine/context.ts';
import { checkLimits } from '../../engine/limits.ts';
import { checkContainerName, checkHostname, inventName, quote } from '../../engine/names.ts';
import { layout } from '../../engine/paths.ts';
import { openRecords } from '../../engine/records.ts';
import { memoryStore } from '../../store/memory.ts';

describe('names', () => {
  it.each(['web', 'Web_1.a-b', 'a'.repeat(128), '0a'])('a container can be called %s', (name) => {
    expect(() => checkContainerName(name)).not.toThrow();
  });

  it.each([
    ['', 'two or more of'],
    ['a', 'two or more of'],
    ['../x', 'two or more of'],
    ['-web', 'begins with a letter or digit'],
    ['we\x07b', '"we\\u0007b"'],
    ['wéb', 'two or more of'],
    ['x'.repeat(300), '300 characters, 128 are allowed'],
  ])('and not %j', (name, why) => {
    expect(() => checkContainerName(name)).toThrow(why);
  });

  it.each(['web', 'web.example.org', 'a-1', 'x'.repeat(63)])('a host can be called %s', (name) => {
    expect(() => checkHostname(name)).not.toThrow();
  });

  it.each([
    '',
    '-a',
    'a-',
    'a..b',
    'a_b',
    'x'.repeat(64),
    'a b',
    `${'x'.repeat(40)}.${'y'.repeat(40)}`,
  ])('and not %j', (name) => expect(() => checkHostname(name)).toThrow('as host name'));

  it('invents one that nobody has, also when all plain ones are taken', () => {
    expect(inventName(() => false)).toMatch(/^[a-z]+_[a-z]+$/);
    expect(inventName((name) => !/\d/.test(name))).toMatch(/^[a-z]+_[a-z]+_\d+$/);
    checkContainerName(inventName(() => false));
  });

  it('quotes what a user typed, visibly and not at length', () => {
    expect(quote('a\nb')).toBe('"a\\nb"');
    expect(quote('x'.repeat(100))).toHaveLength(62);
  });
});

describe('the network of a container', () => {
  const unused = {} as Context; // what is refused is refused before anything is looked up

  it.each([
    [{ ip: '10.0.0.9' }, 'an address'],
    [{ mac: '02:42:0a:00:00:09' }, 'a MAC address'],
    [{ aliases: ['db'] }, 'a network alias'],
  ])('that has no attachment cannot have %j', (setting, what) => {
    const networks = [{ network: 'none', ...setting }];
    expect(() =>
      configureNetwork(unused, { image: 'busybox', networks }, {}, 'create container web'),
    ).toThrow(
      `create container web: ${what} cannot be chosen for a container that is attached to nothing`,
    );
  });

  it.each([
    [{ dns: ['ns1'] }, 'DNS server "ns1" is not an address'],
    [{ dnsSearch: ['a b'] }, 'search domain "a b" is no name'],
    [
      { dnsSearch: ['a\nnameserver 192.0.2.66'] },
      'search domain "a\\nnameserver 192.0.2.66" is no',
    ],
    [{ dnsSearch: [''] }, 'search domain "" is no name'],
    [
      { dnsOptions: ['a\nnameserver 192.0.2.66'] },
      'option "a\\nnameserver 192.0.2.66" of resolv.conf',
    ],
    [{ dnsOptions: [''] }, 'option "" of resolv.conf is not one word'],
  ])('has no resolv.conf of %j', (wish, what) => {
    expect(() =>
      configureNetwork(unused, { image: 'busybox', ...wish }, {}, 'create container web'),
    ).toThrow(`create container web: ${what}`);
  });

  it('has an alias only where there are names', () => {
    const notes: string[] = [];
    const note = (text: string) => void notes.push(text);
    const check = (name: string, driver: 'bridge' | 'macvlan', aliases?: string[]) => {
      const network = { name, driver, ...(driver === 'bridge' && { bridge: 'br0' }) };
      checkAliased({ note }, network, aliases, 'create container web');
    };
    check('blue', 'bridge', ['db']);
    check('bridge', 'bridge');
    expect(() => check('bridge', 'bridge', ['db'])).toThrow('the default network has no names');
    expect(notes).toEqual([]);
    check('lan', 'macvlan', ['db']);
    expect(notes).toEqual([
      'create container web: an alias has no effect on lan, a macvlan network, which has no names',
    ]);
  });
});

describe('signals', () => {
  it.each([
    ['SIGTERM', 15],
    ['term', 15],
    ['sigkill', 9],
    ['1', 1],
    ['64', 64],
  ])('%s is %i', (text, number) => expect(parseSignal(text)).toBe(number));

  it.each(['', '0', '65', 'SIGNOPE', '-9', '9.5', '0x9'])('%j is none', (text) => {
    expect(() => parseSignal(text)).toThrow('there is no such signal');
  });
});

describe('sysctls', () => {
  const check = (name: string, mode: 'own' | 'host' | 'container' = 'own') =>
    checkSysctls({ [name]: '1' }, mode, 'create container web');

  it.each([
    'net.ipv4.ip_forward',
    'net.ipv6.conf.all.disable_ipv6',
    'kernel.shmmax',
    'fs.mqueue.msg_max',
  ])('%s belongs to the container', (name) => expect(() => check(name)).not.toThrow());

  it.each([
    'kernel.panic',
    'vm.swappiness',
    'net',
    'net..x',
    'net.ipv4/../../kernel.panic',
    'kernel.shmmax/x',
    '',
  ])('%j does not', (name) => expect(() => check(name)).toThrow('does not belong to a namespace'));

  it.each(['host', 'container'] as const)('those of the network are refused in %s mode', (mode) => {
    expect(() => check('net.ipv4.ip_forward', mode)).toThrow("that is not the container's own");
    expect(() => check('kernel.shmmax', mode)).not.toThrow();
  });
});

describe('mounts', () => {
  const bind = (source: string, target: string) =>
    checkMounts([{ kind: 'bind', source, target, readonly: false }], 'create container web');

  it.each([
    ['data', '/data', 'mount source "data" is not an absolute path'],
    ['/tmp', 'data', 'mount target "data" is not an absolute path'],
    ['/a/../b', '/data', 'without ..'],
    ['/tmp', '/a/..', 'without ..'],
    ['/tmp', '/', "on the container's root"],
    ['/tmp', '/proc', 'is within /proc'],
    ['/tmp', '//proc/sys', 'is within /proc'],
    ['/tmp', '///', "on the container's root"],
    ['/da\0ta', '/data', 'mount source'],
  ])('%s on %s is refused', (source, target, why) => {
    expect(() => bind(source, target)).toThrow(why);
  });

  it('two on one target are refused, and options that a tmpfs does not have', () => {
    const tmpfs = { kind: 'tmpfs', target: '/run', options: '' } as const;
    expect(() => checkMounts([tmpfs, tmpfs], 'create')).toThrow('/run is mounted on twice');
    expect(() => checkMounts([{ ...tmpfs, options: 'colour=red' }], 'create')).toThrow('colour');
    expect(() => checkMounts([{ ...tmpfs, options: 'size=1m' }], 'create')).not.toThrow();
  });
});

describe('the environment', () => {
  it('lets the last one win, in the place of the first', () => {
    expect(mergeEnv(['A=1', 'B=2'], ['A=3', 'C='])).toEqual(['A=3', 'B=2', 'C=']);
  });

  it('refuses a variable without a name', () => {
    expect(() => mergeEnv(['=x'])).toThrow('a variable is written NAME=value');
  });
});

describe('limits', () => {
  it.each([
    [{ memory: 1024 }, '6 MiB'],
    [{ memorySwap: 2 ** 30 }, 'needs a memory limit too'],
    [{ memory: 2 ** 30, memorySwap: 2 ** 29 }, 'is less than the memory limit'],
    [{ cpus: 0 }, '0 CPUs cannot be had'],
    [{ cpus: 10_000 }, 'cannot be had'],
    [{ cpus: Number.NaN }, 'cannot be had'],
    [{ cpuShares: 1 }, 'between 2 and 262144'],
    [{ pids: 0 }, 'between 1 and'],
    [{ pids: 1.5 }, 'between 1 and'],
    [{ blkioWeight: 9 }, 'between 10 and 1000'],
    [{ cpusetCpus: '0-' }, 'not a list of numbers and ranges'],
    [{ cpusetMems: 'all' }, 'not a list of numbers and ranges'],
  ])('%j is refused', (limits, why) => {
    expect(() => checkLimits(limits, 'create container web')).toThrow(why);
  });

  it('what a kernel would take is let through', () => {
    const limits = {
      memory: 2 ** 26,
      memorySwap: -1,
      cpus: 0.5,
      cpuShares: 1024,
      pids: 10,
      cpusetCpus: '0,0-0',
    };
    expect(() => checkLimits(limits, 'create container web')).not.toThrow();
  });
});

describe('the layout', () => {
  it('refuses a --run that is too long for the sockets in it', () => {
    expect(() => layout({ run: `/${'x'.repeat(80)}` })).toThrow(
      /^use \/x+ for --run: it is \d+ characters too long/,
    );
    expect(() => layout({ run: `/${'x'.repeat(30)}` })).not.toThrow();
  });

  it('names a socket that connect(2) can take', () => {
    const { socket } = layout({ run: '/run/hawser' }).container('a'.repeat(64)).exec('01234567');
    expect(Buffer.byteLength(socket)).toBeLessThan(108);
  });
});

describe('records', () => {
  const record = (id: string, name: string) => ({ id, name }) as ContainerRecord; // what find needs of it
  const ids = ['aa11', 'aa22', 'bb33'].map((start) => start.padEnd(64, '0'));

  function filled() {
    const records = openRecords(memoryStore());
    for (const [i, name] of ['one', 'two', 'bb'].entries()) records.put(record(ids[i] ?? '', name));
    return records;
  }

  it('are found by name, by id, and by the beginning of one', () => {
    const records = filled();
    expect(records.find('two', 'stop').id).toBe(ids[1]);
    expect(records.find(ids[0] ?? '', 'stop').name).toBe('one');
    expect(records.find('aa1', 'stop').name).toBe('one');
  });

  it('a name goes before the beginning of an id', () => {
    expect(filled().find('bb', 'stop').name).toBe('bb');
  });

  it.each([
    ['aa', 'stop aa: "aa" begins the ids of several containers, one and two among them'],
    ['nope', 'stop nope: there is no container "nope"'],
    ['', 'there is no container ""'],
    ['../x', 'there is no container "../x"'],
  ])('%j is not found, in a sentence', (ref, sentence) => {
    expect(() => filled().find(ref, `stop ${ref}`)).toThrow(sentence);
  });

  it('a name is taken once, and free again after a removal', () => {
    const records = filled();
    const other = record('cc'.padEnd(64, '0'), 'one');
    expect(() => records.put(other)).toThrow('the name is taken by container aa1100000000');
    records.remove(ids[0] ?? '');
    records.put(other);
    expect(records.find('one', 'stop').id).toBe(other.id);
  });
});
