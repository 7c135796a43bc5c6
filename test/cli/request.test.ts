import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CreateRequest } from '../../engine/container.ts';
import { FakeEngine, hawser, webId } from './fake.ts';

let cwd = '';
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'hawser-cli-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

/** What `hawser create` asks of the engine. */
async function requested(argv: string[], env: Record<string, string> = {}): Promise<CreateRequest> {
  const { engine, code, stderr } = await hawser(['create', ...argv], { cwd, env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [[name, request] = []] = engine.calls;
  expect(name).toBe('create');
  return request as CreateRequest; // the fake notes what `create` was given
}

async function refused(...argv: string[]): Promise<string> {
  const { engine, code, stderr, opened } = await hawser(['create', ...argv, 'busybox'], { cwd });
  expect({ code, opened, calls: engine.calls }).toEqual({
    code: 125,
    opened: undefined,
    calls: [],
  });
  expect(stderr).toMatch(/^hawser: [^\n]+\n$/);
  return stderr.slice('hawser: '.length, -1);
}

describe('create', () => {
  it('passes on what is exposed, and -P', async () => {
    expect(
      await requested(['-P', '--expose', '53/udp', '--expose', '80', 'busybox']),
    ).toMatchObject({
      publishAll: true,
      expose: ['53/udp', '80'],
    });
  });

  it('asks for nothing that was not said', async () => {
    expect(await requested(['busybox'])).toEqual({
      image: 'busybox',
      command: [],
      env: [],
      labels: {},
      mounts: [],
      networks: [],
      ports: [],
      expose: [],
      dns: [],
      dnsSearch: [],
      dnsOptions: [],
      extraHosts: [],
      limits: {},
      capAdd: [],
      capDrop: [],
      sysctls: {},
    });
  });

  it('leaves what stands after the image to the command', async () => {
    const request = await requested(['--rm', 'busybox', 'ls', '--rm', '-la', '--', '--help']);
    expect(request).toMatchObject({
      image: 'busybox',
      command: ['ls', '--rm', '-la', '--', '--help'],
      autoRemove: true,
    });
  });

  it('takes every option', async () => {
    const argv =
      '-it --rm --name web -h box -w /srv -u 1000:1000 --read-only --privileged --stop-signal INT ' +
      '--entrypoint /init --cap-add NET_ADMIN --cap-drop ALL --label a=b=c --label d ' +
      '--sysctl net.ipv4.ip_forward=1 --security-opt no-new-privileges --security-opt seccomp=unconfined ' +
      '-p 8080:80 -p 127.0.0.1::53/udp --dns 1.1.1.1 --dns-search lan --add-host db:10.5.0.9 ' +
      '--add-host six=[fd00::9]';
    expect(await requested([...argv.split(' '), 'busybox'])).toMatchObject({
      tty: true,
      stdin: true,
      autoRemove: true,
      name: 'web',
      hostname: 'box',
      workingDir: '/srv',
      user: '1000:1000',
      readonly: true,
      privileged: true,
      stopSignal: 'INT',
      entrypoint: ['/init'],
      capAdd: ['NET_ADMIN'],
      capDrop: ['ALL'],
      labels: { a: 'b=c', d: '' },
      sysctls: { 'net.ipv4.ip_forward': '1' },
      noNewPrivileges: true,
      seccomp: 'unconfined',
      ports: ['8080:80', '127.0.0.1::53/udp'],
      dns: ['1.1.1.1'],
      dnsSearch: ['lan'],
      extraHosts: ['db:10.5.0.9', 'six:fd00::9'],
    });
  });

  it('clears the entrypoint with an empty one', async () => {
    expect((await requested(['--entrypoint', '', 'busybox'])).entrypoint).toEqual([]);
  });

  it('takes limits, and 0 for none', async () => {
    const argv =
      '-m 512m --memory-swap 1g --cpus 1.5 -c 512 --cpuset-cpus 0-1 --cpuset-mems 0 --pids-limit 20 ' +
      '--blkio-weight 300 --device-read-bps /dev/sda:1m --device-write-bps /dev/sda:2k ' +
      '--device-read-iops /dev/sda:100 --device-write-iops /dev/sda:200';
    expect((await requested([...argv.split(' '), 'busybox'])).limits).toEqual({
      memory: 512 * 1024 ** 2,
      memorySwap: 1024 ** 3,
      cpus: 1.5,
      cpuShares: 512,
      cpusetCpus: '0-1',
      cpusetMems: '0',
      pids: 20,
      blkioWeight: 300,
      deviceReadBps: { '/dev/sda': 1024 ** 2 },
      deviceWriteBps: { '/dev/sda': 2048 },
      deviceReadIops: { '/dev/sda': 100 },
      deviceWriteIops: { '/dev/sda': 200 },
    });
    const none = '-m 0 --memory-swap -1 --cpus 0 --pids-limit -1'.split(' ');
    expect((await requested([...none, 'busybox'])).limits).toEqual({ memorySwap: -1 });
    const older = '--cpu-quota 50000 --cpu-period 200000'.split(' ');
    expect((await requested([...older, 'busybox'])).limits).toEqual({ cpus: 0.25 });
  });

  it('takes mounts, relative to where it is called', async () => {
    const argv =
      '-v /srv:/data -v ./conf:/etc/conf:ro --tmpfs /tmp:size=1m,mode=1777 --tmpfs /run ' +
      '--mount type=bind,src=/a,dst=/b,readonly --mount type=tmpfs,target=/c,tmpfs-size=4m';
    expect((await requested([...argv.split(' '), 'busybox'])).mounts).toEqual([
      { kind: 'bind', source: '/srv', target: '/data', readonly: false, create: true },
      {
        kind: 'bind',
        source: join(cwd, 'conf'),
        target: '/etc/conf',
        readonly: true,
        create: true,
      },
      { kind: 'bind', source: '/a', target: '/b', readonly: true },
      { kind: 'tmpfs', target: '/c', options: 'size=4m' },
      { kind: 'tmpfs', target: '/tmp', options: 'size=1m,mode=1777' },
      { kind: 'tmpfs', target: '/run', options: '' },
    ]);
  });

  it('takes all that is said of an endpoint, by short names and by those of driver options', async () => {
    const short =
      'blue:ip=10.5.0.9,ip6=fd00:5::9,mac=02:00:00:00:00:01,alias=a,alias=b,gw-priority=-2,ifname=lan0,' +
      'mtu=1400,route=10.9.0.0/16 via 10.5.0.254 metric 50,sysctl=net.ipv4.conf.IFNAME.log_martians=1';
    const options =
      'name=green,"driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.forwarding=1,' +
      'net.ipv6.conf.IFNAME.hop_limit=9",driver-opt=com.docker.network.endpoint.ifname=x0';
    const argv = ['--network', short, '--network', options, 'busybox'];
    expect((await requested(argv)).networks).toEqual([
      {
        network: 'blue',
        ip: '10.5.0.9',
        ip6: 'fd00:5::9',
        mac: '02:00:00:00:00:01',
        aliases: ['a', 'b'],
        gwPriority: -2,
        ifname: 'lan0',
        mtu: 1400,
        routes: ['10.9.0.0/16 via 10.5.0.254 metric 50'],
        sysctls: { 'net.ipv4.conf.IFNAME.log_martians': '1' },
      },
      {
        network: 'green',
        options: {
          'com.docker.network.endpoint.sysctls':
            'net.ipv4.conf.IFNAME.forwarding=1,net.ipv6.conf.IFNAME.hop_limit=9',
          'com.docker.network.endpoint.ifname': 'x0',
        },
      },
    ]);
  });

  it('takes networks in both forms, and gives the first one what is said apart', async () => {
    expect((await requested(['--network', 'host', 'busybox'])).networks).toEqual([
      { network: 'host' },
    ]);
    const argv =
      '--network blue --network name=green,ip=10.6.0.9,alias=a,alias=b,mac-address=02:00:00:00:00:01 ' +
      '--ip 10.5.0.9 --mac-address 02:00:00:00:00:0A --network-alias db';
    expect((await requested([...argv.split(' '), 'busybox'])).networks).toEqual([
      { network: 'blue', ip: '10.5.0.9', mac: '02:00:00:00:00:0a', aliases: ['db'] },
      { network: 'green', ip: '10.6.0.9', mac: '02:00:00:00:00:01', aliases: ['a', 'b'] },
    ]);
    const aliases = ['--network', 'blue:alias=a', '--network-alias', 'b', 'busybox'];
    expect((await requested(aliases)).networks).toEqual([{ network: 'blue', aliases: ['a', 'b'] }]);
    const both = ['--ip', '172.17.0.9', '--ip6', 'fd00::9', 'busybox'];
    expect((await requested(both)).networks).toEqual([
      { network: 'bridge', ip: '172.17.0.9', ip6: 'fd00::9' },
    ]);
    expect((await requested(['--network', 'ns:/run/a=b', 'busybox'])).networks).toEqual([
      { network: 'ns:/run/a=b' },
    ]);
  });

  it("takes Docker's hidden spellings of the network options", async () => {
    const argv = '--net blue --net-alias db'.split(' ');
    expect((await requested([...argv, 'busybox'])).networks).toEqual([
      { network: 'blue', aliases: ['db'] },
    ]);
  });

  it('reads variables from files, the environment and the line, in this order', async () => {
    writeFileSync(join(cwd, 'vars'), '\uFEFF# a comment\n\nA=1\n  B="two words" \nHOME\nNOWHERE\n');
    const argv = '--env-file vars -e A=2 -e TERM -e MISSING -e EMPTY='.split(' ');
    const { env } = await requested([...argv, 'busybox'], { HOME: '/root', TERM: 'xterm' });
    expect(env).toEqual(['A=1', 'B="two words" ', 'HOME=/root', 'A=2', 'TERM=xterm', 'EMPTY=']);
  });

  it('writes the id into a new file only', async () => {
    await requested(['--cidfile', 'cid', 'busybox']);
    expect(readFileSync(join(cwd, 'cid'), 'utf8')).toBe(webId);
    const { code, stderr, engine } = await hawser(['create', '--cidfile', 'cid', 'busybox'], {
      cwd,
    });
    expect(code).toBe(125);
    expect(stderr).toBe('hawser: --cidfile cid: the file exists already\n');
    expect(engine.calls).toEqual([]);

    const engineThatRefuses = new FakeEngine();
    engineThatRefuses.containers.create = () => {
      throw new Error('no');
    };
    const setting = { cwd, engine: engineThatRefuses };
    await hawser(['create', '--cidfile', 'other', 'busybox'], setting);
    expect(() => readFileSync(join(cwd, 'other'))).toThrow('ENOENT');
  });
});

describe('what is malformed is refused in a sentence, before anything is opened', () => {
  it.each([
    ['--memory 12q', '--memory "12q": not a size in b, k, m or g (for example --memory 512m)'],
    ['--memory -1', '--memory "-1": not a size in b, k, m or g (for example --memory 512m)'],
    ['--memory 9999999999g', '--memory "9999999999g": more than any machine has'],
    ['--cpus half', '--cpus "half": not a number (for example --cpus 1.5)'],
    ['--cpus 1 --cpu-quota 5', '--cpus and --cpu-quota or --cpu-period say the same: give one'],
    ['--cpu-period 5000', '--cpu-period says nothing without --cpu-quota'],
    ['--pids-limit 1.5', '--pids-limit "1.5": not a whole number'],
    [
      '--device-read-bps sda:1m',
      '--device-read-bps "sda:1m": not DEVICE:RATE (for example --device-read-bps /dev/sda:1m)',
    ],
    [
      '-v /data',
      '-v "/data": no source before a colon; hawser has no anonymous volumes (for example -v /srv/data:/data)',
    ],
    [
      '-v data:/data',
      '-v "data:/data": "data" is not a path; hawser has no named volumes (for example -v /srv/data:/data)',
    ],
    ['-v /a:b', '-v "/a:b": where it is mounted, "b", is not an absolute path'],
    ['-v /a:/b:rx', '-v "/a:/b:rx": no mode is called rx (ro or rw)'],
    ['-v /a:/b:ro:x', '-v "/a:/b:ro:x": more than SOURCE:TARGET:MODE'],
    [
      '--tmpfs /t:colour=red',
      '--tmpfs "/t:colour=red": tmpfs has no option "colour=red" (for example --tmpfs /tmp:size=64m,mode=1777)',
    ],
    [
      '--mount type=volume,src=a,dst=/b',
      '--mount "type=volume,src=a,dst=/b": no mounts of type volume (bind or tmpfs)',
    ],
    ['--mount typ=bind', '--mount "typ=bind": it has no field "typ"'],
    ['-e =x', '-e "=x": it has no name (for example -e name=value)'],
    ['--env-file none', "--env-file none: ENOENT: no such file or directory, open 'CWD/none'"],
    ['--sysctl a', '--sysctl "a": it has no value (for example --sysctl name=value)'],
    ['--add-host db', '--add-host "db": not NAME:ADDRESS (for example --add-host db:10.5.0.9)'],
    [
      '--add-host db:300.1.1.1',
      '--add-host "db:300.1.1.1": "300.1.1.1" is not an IP address (for example --add-host db:10.5.0.9)',
    ],
    ['--ip 10.5.0', '--ip "10.5.0": not an IPv4 address (for example --ip 10.5.0.9)'],
    [
      '--mac-address 02:00',
      '--mac-address "02:00": not a MAC address (for example --mac-address 02:42:0a:05:00:09)',
    ],
    [
      '--mac-address 01:00:5e:00:00:01',
      '--mac-address "01:00:5e:00:00:01": a multicast address (its first byte is odd) (for example --mac-address 02:42:0a:05:00:09)',
    ],
    ['--dns dns.lan', '--dns "dns.lan": not an IP address (for example --dns 10.5.0.9)'],
    [
      '--network name=blue,colour=red',
      '--network "name=blue,colour=red": it has no field "colour" (for example --network blue:ip=10.5.0.9,alias=db)',
    ],
    [
      '--network ip=10.5.0.9',
      '--network "ip=10.5.0.9": the name is missing (for example --network blue:ip=10.5.0.9,alias=db)',
    ],
    [
      '--network blue:ip=10.5.0.9,ip=10.5.0.8',
      '--network blue:ip=10.5.0.9,ip=10.5.0.8: ip "10.5.0.9 10.5.0.8": it is given twice',
    ],
    [
      '--network blue:gw-priority=high',
      '--network blue:gw-priority=high: gw-priority "high": not a whole number',
    ],
    [
      '--network blue:mac=zz',
      '--network blue:mac=zz: mac "zz": not a MAC address (for example mac=02:42:0a:05:00:09)',
    ],
    [
      '--network blue:name=green',
      '--network "blue:name=green": it has two names (for example --network blue:ip=10.5.0.9,alias=db)',
    ],
    [
      '--network name=a,ip=10.5.0.9 --ip 10.5.0.8',
      '--network name=a,ip=10.5.0.9: an address is given here and by an option of its own',
    ],
    [
      '--security-opt seccomp=/p.json',
      '--security-opt "seccomp=/p.json": hawser does not have it (it has no-new-privileges, seccomp=unconfined and seccomp=default)',
    ],
  ])('%s', async (argv, sentence) => {
    expect(await refused(...argv.split(' '))).toBe(sentence.replace('CWD', cwd));
  });

  it('a line of an env-file with a space in its name', async () => {
    writeFileSync(join(cwd, 'bad'), 'A=1\nB C=2\n');
    expect(await refused('--env-file', 'bad')).toBe(
      '--env-file "B C=2": a name with a space in it (bad, line 2)',
    );
  });
});

describe('network create', () => {
  const spec = async (argv: string) => {
    const { engine, stderr } = await hawser(['network', 'create', ...argv.split(' ')]);
    return stderr === '' ? engine.calls[0]?.[1] : stderr;
  };

  it('puts each address to the subnet that it lies in', async () => {
    const argv =
      '--subnet 10.5.0.0/24 --subnet fd00:5::/64 --gateway fd00:5::fe --gateway 10.5.0.254 ' +
      '--ip-range 10.5.0.128/25 --aux-address nas=10.5.0.200 --internal -o mtu=1400 --label a=b blue';
    expect(await spec(argv)).toEqual({
      name: 'blue',
      driver: 'bridge',
      internal: true,
      ipv4: true,
      options: { mtu: '1400' },
      labels: { a: 'b' },
      subnets: [
        {
          subnet: '10.5.0.0/24',
          gateway: '10.5.0.254',
          range: '10.5.0.128/25',
          aux: { nas: '10.5.0.200' },
        },
        { subnet: 'fd00:5::/64', gateway: 'fd00:5::fe' },
      ],
    });
  });

  it('has both families, or IPv6 alone', async () => {
    expect(await spec('--ipv6 blue')).toMatchObject({ ipv4: true, ipv6: true, subnets: [] });
    expect(await spec('--ipv6 --ipv4=false b')).toMatchObject({ ipv4: false, ipv6: true });
    expect(await spec('--ipv4=no b')).toMatch(/neither true nor false/);
  });

  it('refuses what has no subnet, or two of one', async () => {
    expect(await spec('--gateway 10.5.0.1 blue')).toMatch(/it needs the --subnet that it lies in/);
    expect(await spec('--subnet 10.5.0.0/24 --subnet 10.6.0.0/24 --gateway 10.7.0.1 b')).toMatch(
      /lies in none of the subnets 10.5.0.0\/24, 10.6.0.0\/24/,
    );
    expect(await spec('--subnet 10.5.0.0/24 --gateway 10.5.0.1 --gateway 10.5.0.2 b')).toMatch(
      /subnet 10.5.0.0\/24 cannot have two gateways, 10.5.0.1 and 10.5.0.2/,
    );
  });

  it('leaves a malformed subnet to the engine, which knows why', async () => {
    expect(await spec('--subnet 10.5.0.0/99 b')).toMatchObject({
      subnets: [{ subnet: '10.5.0.0/99' }],
    });
  });
});
