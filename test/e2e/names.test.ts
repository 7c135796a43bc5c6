/** Containers find one another by name, and who answers them comes and goes by itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hawser, makeHawser } from '../support/hawser.ts';

const UPSTREAM = '192.0.2.53';

let hawser: Hawser;
let upstream: ChildProcess;
const heard: string[] = [];
const inside = (network: string, script: string, ...options: string[]) =>
  hawser.run('run', '--rm', '--network', network, ...options, 'busybox', 'sh', '-c', script);
const sleeping = (name: string, ...options: string[]) =>
  hawser.run('run', '-d', '--name', name, ...options, 'busybox', 'sleep', '600');
/** What becomes of a ping of a name that nobody may know. */
const pinging = (network: string, name: string) => {
  const options = ['--network', network, '--dns', UPSTREAM, '--dns-search', '.'];
  return hawser.try(['run', '--rm', ...options, 'busybox', 'ping', '-c1', name]);
};
const addressOf = (name: string, index = 0) =>
  hawser.inspect(name).endpoints[index]?.addresses[0]?.address ?? '?';

/** The processes that answer names on this host. */
function answerers(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return argv.includes(hawser.host.run) && argv.includes('names');
      } catch {
        return false; // it has ended meanwhile
      }
    })
    .map(Number);
}

beforeAll(async () => {
  hawser = makeHawser({ uplink: true });
  hawser.importBusybox();
  hawser.run('network', 'create', '--subnet', '10.5.0.0/24', 'blue');
  hawser.run('network', 'create', '--subnet', '10.6.0.0/24', 'green');
  const { outside } = hawser.host;
  outside?.exec(['ip', 'address', 'add', `${UPSTREAM}/24`, 'dev', 'eth0']);
  const script = join(import.meta.dirname, '../net/dns/upstream.mjs');
  const [file = '', ...args] = outside?.argv([process.execPath, script, UPSTREAM, 'up']) ?? [];
  upstream = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  if (upstream.stdout === null) throw new Error('the name server tells nothing');
  await once(upstream.stdout, 'data');
  upstream.stdout.on('data', (text: Buffer) => heard.push(...text.toString().trim().split('\n')));
});
afterAll(async () => {
  hawser.dispose();
  const ended = once(upstream, 'exit');
  upstream.stdin?.end();
  await ended;
});

describe('by name', () => {
  it('the very first container is answered, that asks with its first breath', () => {
    expect(answerers()).toEqual([]);
    expect(inside('blue', 'nslookup solo', '--name', 'solo')).toMatch(/Address: 10\.5\.0\.2$/m);
  });

  it('are found: names, aliases, ids, host names, addresses, from either side', () => {
    const id = sleeping('web1', '--network', 'blue', '--network-alias', 'web', '-h', 'gate');
    const address = addressOf('web1');
    const script = ['web1', 'web', id.slice(0, 12), 'gate', 'web1.blue']
      .map((name) => `nslookup -type=a ${name} || exit 1`)
      .join('; ');
    expect(inside('blue', script).match(new RegExp(`^Address: ${address}$`, 'gm'))).toHaveLength(5);
    expect(inside('blue', `nslookup ${address}`)).toContain('name = web1.blue');
    expect(inside('blue', 'ping -c 1 web1')).toContain(`(${address})`);
    expect(hawser.run('exec', 'web1', 'nslookup', '-type=a', 'gate')).toContain(address);
  });

  it('are not found from another network, nor on the default one', () => {
    expect(pinging('green', 'web1')).toMatchObject({ code: 1 });
    expect(inside('bridge', 'cat /etc/resolv.conf')).not.toContain('172.17.0.1');
  });

  it('are found as soon as a network is connected, and no more when it is disconnected', () => {
    sleeping('guest');
    const resolvConf = () => hawser.run('exec', 'guest', 'cat', '/etc/resolv.conf');
    const before = resolvConf();
    hawser.run('network', 'connect', '--alias', 'visitor', 'blue', 'guest');
    expect(resolvConf()).toContain('nameserver 10.5.0.1\n');
    expect(hawser.run('exec', 'guest', 'nslookup', '-type=a', 'web1')).toContain(addressOf('web1'));
    expect(inside('blue', 'nslookup -type=a visitor')).toContain(addressOf('guest', 1));
    hawser.run('network', 'disconnect', 'blue', 'guest');
    expect(resolvConf()).toBe(before);
    expect(pinging('blue', 'visitor').code).toBe(1);
    hawser.run('rm', '-f', 'guest');
  });
});

describe('resolv.conf', () => {
  it('names the gateway, and takes search domains and options', () => {
    const shown = (...options: string[]) => inside('blue', 'cat /etc/resolv.conf', ...options);
    expect(shown('--dns-search', 'lan.example', '--dns-search', 'example')).toBe(
      'nameserver 10.5.0.1\nsearch lan.example example\noptions ndots:0',
    );
    expect(shown('--dns-search', '.', '--dns-option', 'ndots:2', '--dns-opt', 'timeout:1')).toBe(
      'nameserver 10.5.0.1\noptions ndots:2 timeout:1',
    );
    expect(
      inside(
        'bridge',
        'cat /etc/resolv.conf',
        '--dns',
        UPSTREAM,
        '--dns-option',
        'timeout:1',
        '--dns-search',
        '.',
      ),
    ).toBe(`nameserver ${UPSTREAM}\noptions timeout:1`);
  });

  it('leads what no container is called to the servers of --dns, with each search domain', async () => {
    heard.length = 0;
    const options = ['--dns', UPSTREAM, '--dns-search', 'lan.example'];
    const told = ['run', '--rm', '--network', 'blue', ...options, 'busybox', 'ping', '-c1', 'none'];
    expect(hawser.try(told).code).toBe(1);
    await expect.poll(() => heard, { timeout: 5000 }).toContain('udp none.lan.example A');
    expect(heard).toContain('udp none A');
    inside('blue', 'ping -c 1 lonely', '--name', 'lonely', ...options);
    // What is asked after it is heard after it.
    pinging('blue', 'none-last');
    await expect.poll(() => heard, { timeout: 5000 }).toContain('udp none-last A');
    expect(heard.filter((line) => line.includes('lonely'))).toEqual([]);
  });
});

describe('who answers', () => {
  it('is one process, however many ask for it at once, and gone with the last name', async () => {
    expect(answerers()).toHaveLength(1);
    hawser.run('rm', '-f', 'web1');
    await expect.poll(answerers, { timeout: 10_000 }).toEqual([]);
    const script = ['busybox', 'sh', '-c', 'nslookup -type=a "$HOSTNAME"'];
    const told = await Promise.all(
      ['one', 'two', 'three'].map((name) =>
        hawser.runs('run', '--rm', '-h', name, '--network', 'blue', ...script),
      ),
    );
    for (const text of told) expect(text).toMatch(/^Address: 10\.5\.0\.\d+$/m);
    expect(answerers().length).toBeLessThan(2);
  });

  it('comes back with the next command when it was killed', async () => {
    sleeping('web2', '--network', 'blue');
    const asks = ['exec', 'web2', 'nslookup', '-type=a', 'web2'];
    expect(hawser.run(...asks)).toContain(addressOf('web2'));
    const [pid = 0] = answerers();
    process.kill(pid, 'SIGKILL');
    await expect.poll(answerers, { timeout: 5000 }).toEqual([]);
    const told = hawser.try(['system', 'reconcile', '--dry-run']);
    expect(told).toMatchObject({ code: 1, stdout: 'the process that answers names is gone\n' });
    expect(answerers()).toEqual([]);
    hawser.run('ps');
    expect(hawser.run(...asks)).toContain(addressOf('web2'));
    expect(answerers()).toHaveLength(1);
    expect(answerers()).not.toContain(pid);
    for (const one of answerers()) process.kill(one, 'SIGKILL');
    await expect.poll(answerers, { timeout: 5000 }).toEqual([]);
    expect(hawser.run('system', 'reconcile')).toBe(
      'mended: the process that answers names is gone',
    );
    expect(answerers()).toHaveLength(1);
  });

  it('that cannot listen is told of, the container runs, and the next one tries again', async () => {
    hawser.run('rm', '-f', 'web2');
    await expect.poll(answerers, { timeout: 10_000 }).toEqual([]);
    const script =
      "require('node:dgram').createSocket('udp4').bind(25353, () => console.log('on'))";
    const [file = '', ...args] = hawser.host.argv([process.execPath, '--eval', script]);
    const rival = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(rival.stdout, 'data');
    const run = ['run', '--rm', '--network', 'blue', 'busybox', 'true'];
    const { code, stderr } = hawser.try(run);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /note: names are not answered: listen on port 25353\/udp: Address already in use \(by node, pid \d+\)/,
    );
    rival.kill();
    await once(rival, 'exit');
    expect(inside('blue', 'nslookup -type=a late', '--name', 'late')).toMatch(
      /Address: 10\.5\.0\.\d+/,
    );
  });

  it("asks the host's servers, as its resolv.conf names them", async () => {
    await expect.poll(answerers, { timeout: 10_000 }).toEqual([]);
    const file = join(hawser.host.dir, 'resolv.conf');
    writeFileSync(file, `nameserver ${UPSTREAM}\nsearch office.example\n`);
    const bound = `mount --bind ${file} /etc/resolv.conf && exec "$@"`;
    const by = ['unshare', '--mount', 'sh', '-c', bound, 'sh'];
    heard.length = 0;
    const asks = 'cat /etc/resolv.conf; ping -c1 none';
    const { stdout } = hawser.try(
      ['run', '--rm', '--network', 'blue', 'busybox', 'sh', '-c', asks],
      '',
      by,
    );
    expect(stdout).toBe('nameserver 10.5.0.1\nsearch office.example\noptions ndots:0\n');
    await expect.poll(() => heard, { timeout: 5000 }).toContain('udp none.office.example A');
  });
});
