import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { blueId, container, endpoint, FakeEngine, hawser, terminal, webId } from './fake.ts';

describe('ps', () => {
  it('shows who is attached where', async () => {
    const { stdout, engine } = await hawser(['ps']);
    expect(engine.calls).toEqual([['list', { all: false, filters: {} }]]);
    const [headings, web] = stdout.split('\n');
    expect(headings?.split(/ {2,}/)).toEqual([
      'CONTAINER ID',
      'IMAGE',
      'COMMAND',
      'CREATED',
      'STATUS',
      'PORTS',
      'NETWORKS',
      'NAMES',
    ]);
    expect(web?.split(/ {2,}/)).toEqual([
      'a1a1a1a1a1a1',
      'busybox',
      '"sh -c while :; do …',
      '3 minutes ago',
      'Up 3 minutes',
      '0.0.0.0:8080->80/tcp, 127.0.0.1:9000-9009->5000-5009/udp, 443/tcp',
      'blue 10.5.0.2',
      'web',
    ]);
  });

  it('says how containers ended, in colour on a terminal', async () => {
    const engine = new FakeEngine();
    const finished = new Date(Date.now() - 2500).toISOString();
    engine.shown = [
      container({ state: { status: 'exited', exitCode: 137, oomKilled: true, finished } }),
      container({ state: { status: 'created', oomKilled: false }, endpoints: [] }),
    ];
    const { stdout } = await hawser(['ps', '-a'], { engine });
    expect(stdout).toContain('Exited (137) 2 seconds ago (out of memory)   ');
    expect(stdout).toMatch(/ {3}Created {3,}blue {3,}web\n/);
    const coloured = (await hawser(['ps', '-a'], { engine, terminal: terminal(true) })).stdout;
    expect(coloured).toContain('\x1b[31mExited (137)');
    expect(stripVTControlCharacters(coloured)).toBe(stdout);
  });

  it('names the sandbox that is not its own', async () => {
    const engine = new FakeEngine();
    const { network } = container();
    const joined = (mode: typeof network.mode) =>
      container({ network: { ...network, mode, attachments: [] }, endpoints: [] });
    engine.shown = [
      container(),
      joined({ kind: 'host' }),
      joined({ kind: 'container', container: webId }),
      joined({ kind: 'namespace', path: '/run/netns/x' }),
      joined({ kind: 'own' }),
    ];
    const { stdout } = await hawser(['ps'], { engine });
    const column = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/).at(-2));
    expect(column.slice(2)).toEqual(['host', 'container:web', 'ns:/run/netns/x', 'none']);
  });

  it('prints ids alone, and whole ones', async () => {
    expect((await hawser(['ps', '-q'])).stdout).toBe('a1a1a1a1a1a1\n');
    expect((await hawser(['ps', '-q', '--no-trunc'])).stdout).toBe(`${webId}\n`);
    expect((await hawser(['ps', '--no-trunc'])).stdout).toContain('"sh -c while :; do date; done"');
  });

  it('prints objects of the library, one a line', async () => {
    const engine = new FakeEngine();
    engine.shown = [container(), container({ name: 'db' })];
    const lines = (await hawser(['ps', '--format', 'json'], { engine })).stdout
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(engine.shown);
    expect((await hawser(['ps', '--format={{json .}}'], { engine })).stdout).toBe(
      `${lines.join('\n')}\n`,
    );
  });

  it('passes filters on, and cuts to the newest', async () => {
    const engine = new FakeEngine();
    engine.shown = [container(), container({ name: 'db' })];
    const argv = ['ps', '-f', 'label=a=b', '-f', 'label=c', '-f', 'status=exited', '-l', '-q'];
    const { stdout } = await hawser(argv, { engine });
    const filters = { label: ['a=b', 'c'], status: ['exited'] };
    expect(engine.calls).toEqual([['list', { all: true, filters }]]);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  });

  it.each([
    ['colour=red', /not one of id, name, status/],
    ['status=dead', /no status is called dead/],
    ['exited=x', /not an exit code/],
    ['name', /not one of/],
  ])('refuses the filter %s', async (filter, sentence) => {
    const { code, stderr } = await hawser(['ps', '-f', filter]);
    expect(code).toBe(125);
    expect(stderr).toMatch(sentence);
  });
});

describe('inspect', () => {
  it('prints an array of whatever the names stand for, and tells of the rest', async () => {
    const { code, stdout, stderr, engine } = await hawser([
      'inspect',
      'web',
      'blue',
      'nope',
      'busybox',
    ]);
    expect(JSON.parse(stdout)).toMatchObject([
      { id: webId },
      { id: blueId },
      { id: engine.image.id },
    ]);
    expect({ code, stderr }).toEqual({
      code: 125,
      stderr: 'hawser: inspect nope: no container, network or image is called so\n',
    });
  });

  it('looks for one kind only if told so', async () => {
    const { code, stdout, stderr } = await hawser(['inspect', '--type', 'network', 'web']);
    expect({ code, stdout }).toEqual({ code: 125, stdout: '[]\n' });
    expect(stderr).toMatch(/no such network/);
    expect(JSON.parse((await hawser(['network', 'inspect', 'blue'])).stdout)).toMatchObject([
      { id: blueId, endpoints: [{ ifname: 'eth0' }] },
    ]);
  });
});

describe('port', () => {
  it('lists mappings, a range as one', async () => {
    expect((await hawser(['port', 'web'])).stdout).toBe(
      '80/tcp -> 0.0.0.0:8080\n5000-5009/udp -> 127.0.0.1:9000-9009\n',
    );
  });

  it('finds one port, inside a range too', async () => {
    expect((await hawser(['port', 'web', '80'])).stdout).toBe('0.0.0.0:8080\n');
    expect((await hawser(['port', 'web', '5003/udp'])).stdout).toBe('127.0.0.1:9003\n');
    expect(await hawser(['port', 'web', '5003'])).toMatchObject({
      code: 125,
      stderr: 'hawser: port 5003 of web is not published\n',
    });
  });
});

describe('logs', () => {
  it('keep the streams apart and put a time before whole lines', async () => {
    const { stdout, stderr } = await hawser(['logs', 'web']);
    expect({ stdout, stderr }).toEqual({ stdout: 'one\nhalf a line\n', stderr: 'bad\n' });
    expect((await hawser(['logs', '-t', 'web'])).stdout).toBe(
      '2026-01-01T00:00:00.000000001Z one\n2026-01-01T00:00:00.000000003Z half a line\n',
    );
  });

  it('ask for the end, the new and the rest', async () => {
    const { engine } = await hawser([
      'logs',
      '-f',
      '--tail',
      '20',
      '--since',
      '2026-01-01T00:00:00Z',
      'web',
    ]);
    const since = new Date('2026-01-01T00:00:00Z');
    expect(engine.calls).toEqual([['logs', 'web', { follow: true, tail: 20, since }]]);
    const ago = (await hawser(['logs', '-n', 'all', '--since', '1h30m', 'web'])).engine
      .calls[0]?.[2];
    const distance = Date.now() - (ago as { since: Date }).since.getTime(); // as noted by the fake
    expect(distance).toBeGreaterThanOrEqual(5_400_000);
    expect(distance).toBeLessThan(5_410_000);
    expect((await hawser(['logs', '--since', 'noon', 'web'])).stderr).toMatch(
      /neither a time nor how long ago/,
    );
    expect((await hawser(['logs', '--tail', 'some', 'web'])).stderr).toMatch(/not a whole number/);
  });
});

describe('networks, images and the system', () => {
  it('list in tables', async () => {
    expect((await hawser(['network', 'ls'])).stdout).toMatch(
      /^NETWORK ID +NAME +DRIVER +SUBNETS +ATTACHED +RX +TX\nb2b2b2b2b2b2 +blue +bridge +10\.5\.0\.0\/24 +1 +1\.23MB +800B\n$/,
    );
    expect((await hawser(['image', 'ls'])).stdout).toMatch(
      /\nbusybox +latest +c3c3c3c3c3c3 +2 hours ago +4\.26MB\nlocalhost:5000\/box +1 +c3c3c3c3c3c3 /,
    );
    expect((await hawser(['system', 'info'])).stdout).toMatch(
      /Memory: +8GiB\nContainers: 1 running, 0 created, 2 exited\n.*Features:\n {2}ipvlan: no \(no such module\)\n$/s,
    );
  });

  it('prune what the filters let go', async () => {
    const pruned = async (...filters: string[]) =>
      hawser(['network', 'prune', '-f', ...filters.flatMap((one) => ['--filter', one])]);
    const { engine } = await pruned('until=2026-01-01T00:00:00Z', 'label=a=b', 'label!=keep');
    expect(engine.calls).toEqual([
      [
        'network prune',
        { until: new Date('2026-01-01T00:00:00Z'), label: ['a=b'], withoutLabel: ['keep'] },
      ],
    ]);
    for (const wrong of ['name=blue', 'until=', 'label', 'until=lunch']) {
      expect(await pruned(wrong)).toMatchObject({ code: 125, engine: { calls: [] } });
    }
  });

  it('list as JSON', async () => {
    for (const [group, id] of [
      ['network', blueId],
      ['image', 'c3'.repeat(32)],
    ] as const) {
      expect(JSON.parse((await hawser([group, 'ls', '--format', 'json'])).stdout).id).toBe(id);
    }
    const [network] = (await hawser(['network', 'ls', '--format', 'json'])).stdout.split('\n');
    expect(JSON.parse(network ?? '').counters.rx).toMatchObject({ packets: 1000, drops: 2 });
    expect(JSON.parse((await hawser(['system', 'info', '--format', 'json'])).stdout).cpus).toBe(2);
    expect(
      JSON.parse((await hawser(['system', 'reconcile', '--format', 'json'])).stdout).kind,
    ).toBe('link');
  });

  it('do as they are told, and print what they did', async () => {
    const done = async (...argv: string[]) => {
      const { stdout, engine } = await hawser(argv);
      return { stdout, call: engine.calls[0] };
    };
    expect((await done('network', 'create', 'blue')).stdout).toBe(`${blueId}\n`);
    expect(await done('network', 'rm', 'blue')).toEqual({
      stdout: 'blue\n',
      call: ['network remove', 'blue'],
    });
    expect(
      await done('network', 'connect', '--ip', '10.5.0.9', '--alias', 'db', 'blue', 'web'),
    ).toEqual({
      stdout: '',
      call: ['connect', 'blue', 'web', { ip: '10.5.0.9', aliases: ['db'] }],
    });
    expect((await done('network', 'disconnect', '-f', 'blue', 'web')).call).toEqual([
      'disconnect',
      'blue',
      'web',
      { force: true },
    ]);
    expect((await done('rmi', 'busybox')).stdout).toBe(
      `Untagged: busybox:latest\nDeleted: sha256:${'c3'.repeat(32)}\n`,
    );
    expect(
      await done('system', 'pools', '--default-address-pool', 'base=10.64.0.0/12,size=26'),
    ).toEqual({
      stdout:
        'BASE            SIZE   SUBNETS   NETWORKS\n172.18.0.0/15   /24    512       blue, red\n',
      call: ['set pools', [{ base: '10.64.0.0/12', size: 26 }]],
    });
    expect((await done('system', 'pools', '--built-in')).call).toEqual(['set pools', []]);
    expect((await done('stop', '-t', '2', '-s', 'INT', 'web')).call).toEqual([
      'stop',
      'web',
      { timeout: 2, signal: 'INT' },
    ]);
    expect((await done('kill', 'web')).call).toEqual(['kill', 'web', 'KILL']);
    expect((await done('wait', 'web')).stdout).toBe('3\n');
    expect((await done('system', 'reconcile')).stdout).toBe(
      'mended: link hv1234 belongs to no endpoint\n',
    );
    expect((await done('system', 'reconcile', '--dry-run')).stdout).toBe(
      'link hv1234 belongs to no endpoint\n',
    );
    expect((await done('system', 'settle', webId)).call).toEqual(['settle', webId]);
  });

  it('import from standard input or a file, and say why a file cannot be read', async () => {
    const at = terminal();
    at.stdin.end('a tar');
    const { stdout, engine } = await hawser(['image', 'import', '-', 'box:1'], { terminal: at });
    expect(stdout).toBe(`sha256:${engine.image.id}\n`);
    expect(engine.calls).toEqual([['import', 'a tar', 'box:1']]);
    const missing = await hawser(['image', 'import', 'none.tar', 'box'], { cwd: '/nowhere' });
    expect(missing).toMatchObject({
      code: 125,
      stderr: `hawser: import "none.tar": ENOENT: no such file or directory, open '/nowhere/none.tar'\n`,
    });
    expect((await hawser(['import', '-', 'box'], { terminal: terminal(true) })).stderr).toMatch(
      /is a terminal/,
    );
  });
});

describe('what cannot be undone', () => {
  it.each([
    [['system', 'reset'], 'reset'],
    [['network', 'prune'], 'network prune'],
  ])('%j asks', async (argv, call) => {
    const alone = await hawser(argv);
    expect(alone).toMatchObject({ code: 125, engine: { calls: [] } });
    expect(alone.stderr).toMatch(/nobody can be asked.*\(-f does it without asking\)\n$/);

    for (const [answer, calls] of [
      ['no\n', []],
      ['yes\n', [call]],
      [undefined, []],
    ] as const) {
      const at = terminal(true);
      at.stdin.end(answer);
      const { engine } = await hawser(argv, { terminal: at });
      expect(engine.calls.map(([name]) => name)).toEqual(calls);
    }
    const { engine } = await hawser([...argv, '-f']);
    expect(engine.calls.map(([name]) => name)).toEqual([call]);
  });
});

it('an endpoint of a network that is gone shows by its id', async () => {
  const engine = new FakeEngine();
  engine.shown = [container({ endpoints: [{ ...endpoint, network: 'e5'.repeat(32) }] })];
  expect((await hawser(['ps'], { engine })).stdout).toContain('e5e5e5e5e5e5 10.5.0.2');
});
