/** One container on many networks, by the command line. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hawser, makeHawser } from '../support/hawser.ts';

let hawser: Hawser;
const option = 'com.docker.network.endpoint';

beforeAll(() => {
  hawser = makeHawser();
  hawser.importBusybox();
  hawser.run('network', 'create', '--subnet', '10.1.0.0/24', '--subnet', 'fd00:1::/64', 'alpha');
  hawser.run('network', 'create', '--subnet', '10.2.0.0/24', '--subnet', 'fd00:2::/64', 'beta');
  hawser.run('network', 'create', '--subnet', '10.3.0.0/24', 'gamma');
});
afterAll(() => hawser.dispose());

const inside = (name: string, ...command: string[]) => hawser.inside(name).exec(command);
/** What `ip -br address` and the default routes say, less link-local addresses and peers. */
function shown(name: string): string[] {
  const links = inside(name, 'ip', '-br', 'address').split('\n').slice(1, -1);
  const ways = [4, 6].flatMap((family) =>
    inside(name, 'ip', `-${family}`, 'route', 'show', 'default').split('\n'),
  );
  return [
    ...links.map((line) => {
      const [link = '', , ...addresses] = line.split(/\s+/);
      const own = addresses.filter((one) => one !== '' && !one.startsWith('fe80:'));
      return [link.split('@')[0], ...own].join(' ');
    }),
    ...ways.filter((way) => way !== '').map((way) => way.split(' ').slice(0, 5).join(' ')),
  ];
}

describe('a container on many networks', () => {
  it('has its interfaces in their order, chosen names and addresses, and one way out', () => {
    const argv = ['run', '-d', '--name', 'web', '--network', 'gamma', '--network'];
    hawser.run(
      ...argv,
      'beta:ip=10.2.0.9,ip6=fd00:2::9,mac=02:00:00:00:00:09,ifname=eth0,alias=b,gw-priority=1',
      ...['--network', `name=alpha,driver-opt=${option}.ifname=lan7,ip=10.1.0.9`],
      ...['busybox', 'sleep', '600'],
    );
    const expected = [
      'eth0 10.2.0.9/24 fd00:2::9/64',
      expect.stringMatching(/^lan7 10\.1\.0\.9\/24 fd00:1::\d+\/64$/),
      expect.stringMatching(/^eth1 10\.3\.0\.\d+\/24$/),
      'default via 10.2.0.1 dev eth0',
      'default via fd00:2::1 dev eth0',
    ];
    expect(shown('web')).toEqual(expected);
    hawser.run('stop', '-t', '0', 'web');
    hawser.run('start', 'web');
    expect(shown('web')).toEqual(expected);
    const { endpoints } = hawser.inspect('web');
    expect(endpoints.find(({ ifname }) => ifname === 'eth0')).toMatchObject({
      mac: '02:00:00:00:00:09',
      gwPriority: 1,
      aliases: ['b'],
    });
  });

  it('is connected and disconnected live, the network of its default route too', () => {
    hawser.run('run', '-d', '--name', 'app', '--network', 'beta', 'busybox', 'sleep', '600');
    const way = (network: number) =>
      `default via 10.${network}.0.1 dev eth${network === 2 ? 0 : 1}`;
    hawser.run(
      ...['network', 'connect', '--gw-priority', '5', '--ip', '10.1.0.50', '--ip6', 'fd00:1::50'],
      ...['--mtu', '1400', '--route', '10.99.0.0/16 via 10.1.0.254', '--sysctl'],
      ...['net.ipv4.conf.IFNAME.log_martians=1', 'alpha', 'app'],
    );
    expect(shown('app')).toContain('eth1 10.1.0.50/24 fd00:1::50/64');
    expect(shown('app')).toContain(way(1));
    expect(inside('app', 'ip', 'route')).toContain('10.99.0.0/16 via 10.1.0.254 dev eth1');
    expect(inside('app', 'cat', '/proc/sys/net/ipv4/conf/eth1/log_martians')).toBe('1\n');
    expect(inside('app', 'ip', 'link', 'show', 'eth1')).toContain(' mtu 1400 ');
    hawser.run('network', 'disconnect', 'alpha', 'app');
    expect(shown('app')).toContain(way(2));
  });

  it('is refused what cannot be before anything is made', () => {
    const attempt = (...networks: string[]) =>
      hawser.try([
        'create',
        ...networks.flatMap((network) => ['--network', network]),
        ...['busybox', 'true'],
      ]).stderr;
    expect(attempt('alpha:ifname=x0', 'beta:ifname=x0')).toMatch(
      /^hawser: create container \S+: two interfaces are to be called x0\n/,
    );
    expect(attempt(`name=alpha,driver-opt=${option}.sysctls=net.ipv4.ip_forward=1`)).toContain(
      `sysctl "net.ipv4.ip_forward" is not an interface's`,
    );
    expect(attempt('none:mtu=1400')).toContain(
      'what an interface is to have (mtu) cannot be chosen',
    );
  });
});
