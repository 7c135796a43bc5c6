import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { HOST_ADDRESS } from '../support/fakehost.ts';
import { type Lab, makeLab, refusal } from './lab.ts';

let lab: Lab;
beforeEach(() => {
  lab = makeLab({ uplink: true });
});
afterEach(() => lab.dispose());

function read(path: string): string {
  return lab.host.exec(['cat', `/proc/sys/net/${path}`]).trim();
}

describe('an attach', () => {
  it('gives the sandbox an interface with address, MAC, MTU and a way out', () => {
    lab.host.exec(['ip', 'link', 'set', 'eth0', 'mtu', '1400']);
    const { endpoint, netns } = lab.container('web1');
    expect(endpoint).toMatchObject({
      key: 'web1/eth0',
      ifname: 'eth0',
      mac: '02:42:ac:11:00:02',
      mtu: 1400,
      owner: 'web1',
      addresses: [{ address: '172.17.0.2', prefix: 16, gateway: '172.17.0.1' }],
    });
    using inside = Rtnetlink.open(netns);
    expect(inside.link('eth0')).toMatchObject({ mac: endpoint.mac, mtu: 1400, up: true });
    const addresses = inside.addresses('eth0').map(({ address, prefix }) => `${address}/${prefix}`);
    expect(addresses).toEqual(['172.17.0.2/16']); // and no link-local one
    const way = inside.routes().find(({ destination }) => destination === 'default');
    expect(way?.gateway).toBe('172.17.0.1');
    expect(lab.host.inside(() => lab.networking.reconcile())).toEqual([]);
  });

  it('makes a bridge that believes no router, and says that it made the host one', () => {
    lab.container('web1');
    using rtnl = Rtnetlink.open(lab.host.netns);
    expect(rtnl.link('hawser0')).toMatchObject({ kind: 'bridge', up: true });
    expect(read('ipv6/conf/hawser0/accept_ra')).toBe('0');
    expect(read('ipv4/ip_forward')).toBe('1');
    expect(lab.notes).toEqual(['net.ipv4.ip_forward was switched on, which network bridge needs']);
  });

  it('to an internal network switches nothing on and gives no way out', () => {
    lab.host.inside(() => lab.networking.networks.create({ name: 'vault', internal: true }));
    const { endpoint, netns } = lab.container('web1', { network: 'vault' });
    expect(endpoint.addresses[0]).not.toHaveProperty('gateway');
    using inside = Rtnetlink.open(netns);
    expect(inside.routes().filter(({ destination }) => destination === 'default')).toEqual([]);
    expect(read('ipv4/ip_forward')).toBe('0');
    expect(lab.notes).toEqual([]);
  });

  it('to a network with two families gives an address of each at once', () => {
    lab.host.inside(() =>
      lab.networking.networks.create({
        name: 'dual',
        subnets: [{ subnet: '10.5.0.0/24' }, { subnet: 'fd00:5::/64' }],
      }),
    );
    const { endpoint, ...there } = lab.container('web1', { network: 'dual' });
    expect(endpoint.addresses.map(({ address }) => address)).toEqual(['10.5.0.2', 'fd00:5::2']);
    using inside = Rtnetlink.open(there.netns);
    const six = inside.addresses('eth0').find(({ address }) => address === 'fd00:5::2');
    expect(six?.tentative).toBe(false);
    there.exec(['busybox', 'ping', '-6', '-c1', '-W1', 'fd00:5::1']);
    // Whoever is on the same network cannot become its router.
    expect(there.exec(['cat', '/proc/sys/net/ipv6/conf/eth0/accept_ra'])).toBe('0\n');
  });

  it('of a second network comes as eth1, and is the way out once the first is gone', () => {
    lab.host.inside(() => lab.networking.networks.create({ name: 'red' }));
    const { sandbox, netns } = lab.container('web1');
    const second = lab.host.inside(() =>
      lab.networking.attach({ network: 'red', sandbox, owner: 'web1' }),
    );
    expect(second.ifname).toBe('eth1');
    using inside = Rtnetlink.open(netns);
    const ways = () => inside.routes().filter(({ destination }) => destination === 'default');
    expect(ways().map(({ gateway }) => gateway)).toEqual(['172.17.0.1']);
    // With its network gone, the other one's gateway takes over.
    lab.host.inside(() => lab.networking.detach({ sandbox: 'web1', network: 'bridge' }));
    expect(ways().map(({ gateway }) => gateway)).toEqual([second.addresses[0]?.gateway]);
    expect(inside.link('eth0')).toBeUndefined();
  });

  it('made again alike is the endpoint that is there; made again otherwise is refused', () => {
    const { sandbox, endpoint } = lab.container('web1', { ports: ['8080:80'] });
    const again = { network: 'bridge', sandbox, owner: 'web1', ports: endpoint.ports };
    lab.host.inside(() => {
      const before = lab.snapshot();
      expect(lab.networking.attach(again)).toEqual(endpoint);
      const other = refusal(() => lab.networking.attach({ ...again, ip: '172.17.0.9' }));
      expect(other.message).toBe(
        'attach web1 to bridge: it is attached to it already, as eth0 with other settings',
      );
      expect(lab.snapshot()).toEqual(before);
    });
  });

  it('of a namespace that was made anew under the same name starts over', () => {
    const { sandbox } = lab.container('web1', { ports: ['8080:80'] });
    lab.host.inside(() => lab.networking.detach({ sandbox: 'web1', ending: true }));
    const again = lab.host.inside(() =>
      lab.networking.attach({ network: 'bridge', sandbox, owner: 'web1', ifname: 'net0' }),
    );
    expect(again.ifname).toBe('net0');
  });

  it('obeys the options of the network', () => {
    lab.host.inside(() =>
      lab.networking.networks.create({
        name: 'lan',
        options: {
          'com.docker.network.bridge.name': 'lan0',
          'com.docker.network.driver.mtu': '1280',
          'com.docker.network.bridge.enable_icc': 'false',
          'com.docker.network.container_iface_prefix': 'net',
        },
      }),
    );
    const one = lab.container('one', { network: 'lan' });
    const two = lab.container('two', { network: 'lan' });
    expect(one.endpoint).toMatchObject({ ifname: 'net0', mtu: 1280 });
    one.exec(['busybox', 'ping', '-c1', '-W1', one.endpoint.addresses[0]?.gateway ?? '']);
    expect(() => one.exec(['busybox', 'ping', '-c1', '-W1', two.address])).toThrow();
    for (const { sandbox } of [one, two]) {
      lab.host.inside(() => lab.networking.detach({ sandbox: sandbox.id }));
    }
    expect(lab.container('three', { network: 'lan' }).endpoint.mtu).toBe(1280);
  });
});

describe('published ports', () => {
  it('without a number come from the ephemeral range, and skip what is held', async () => {
    lab.host.exec(['sysctl', '-qw', 'net.ipv4.ip_local_port_range=40000 40003']);
    await lab.serve(lab.host, 'server', 40001);
    lab.container('a', { ports: ['40002:1'] });
    const chosen = ['b', 'c'].map(
      (name) => lab.container(name, { ports: ['80'] }).endpoint.ports[0]?.hostPort,
    );
    expect(chosen.sort()).toEqual([40000, 40003]);
    const error = refusal(() => lab.container('d', { ports: ['80'] }));
    expect(error.message).toBe(
      'attach d to bridge: publish 80/tcp: no port from 40000 to 40003 is free',
    );
    expect(error.code).toBe('exhausted');
  });

  it('of a range of choices are the first free one', () => {
    const chosen = ['a', 'b'].map(
      (name) => lab.container(name, { ports: ['6000-6001:80'] }).endpoint.ports[0]?.hostPort,
    );
    expect(chosen).toEqual([6000, 6001]);
    expect(refusal(() => lab.container('c', { ports: ['6000-6001:80'] })).code).toBe('exhausted');
  });

  it('go with the endpoint, and are free again', () => {
    lab.container('a', { ports: ['6000-6999:6000-6999', '7000-7009:80-89'] });
    lab.host.inside(() => lab.networking.detach({ sandbox: 'a' }));
    lab.container('b', { ports: ['6500:1', '7005:1'] });
  });

  it('of different protocols and addresses do not meet', () => {
    const ports = ['80:80', '80:80/udp', '127.0.0.1:81:80', `${HOST_ADDRESS}:81:80`];
    expect(lab.container('a', { ports }).endpoint.ports).toHaveLength(4);
  });

  it('on an internal network are refused', () => {
    lab.host.inside(() => lab.networking.networks.create({ name: 'vault', internal: true }));
    expect(refusal(() => lab.container('a', { network: 'vault', ports: ['80:80'] })).message).toBe(
      'attach a to vault: vault is internal, nothing from outside reaches a published port',
    );
  });
});
