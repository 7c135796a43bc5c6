import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unpinNetns } from '../../native/netns.ts';
import { hostIfnameOf } from '../../net/kernel-names.ts';
import type { Repair } from '../../net/request.ts';
import { HOST_ADDRESS } from '../support/fakehost.ts';
import { listen } from '../support/listener.ts';
import { ask, type Container, type Lab, makeLab } from './lab.ts';

let lab: Lab;
let web: Container;

beforeEach(() => {
  lab = makeLab({ uplink: true });
  web = lab.container('web', { ports: ['8080:80'] });
});
afterEach(() => lab.dispose());

const reconcile = (): Repair[] => lab.host.inside(() => lab.networking.reconcile());
const tell = (repairs: Repair[]) => repairs.map(({ what }) => what).join('\n');

describe('what a hand has changed is mended without the container', () => {
  it.each([
    ['a deleted link', ['ip', 'link', 'del', 'HOST-IF'], 'web (eth0) has no link to bridge'],
    [
      'a link taken off its bridge',
      ['ip', 'link', 'set', 'HOST-IF', 'nomaster'],
      'of web (eth0) is no port of hawser0',
    ],
    ['a link set down', ['ip', 'link', 'set', 'HOST-IF', 'down'], 'of web (eth0) is down'],
    [
      'a deleted bridge',
      ['ip', 'link', 'del', 'hawser0'],
      'bridge hawser0 of network bridge is missing',
    ],
    [
      'a bridge set down',
      ['ip', 'link', 'set', 'hawser0', 'down'],
      'bridge hawser0 of network bridge is down',
    ],
    [
      'a gateway address taken away',
      ['ip', 'addr', 'flush', 'dev', 'hawser0'],
      'bridge hawser0 of network bridge lacks its address 172.17.0.1',
    ],
    ['a flushed ruleset', ['nft', 'flush', 'ruleset'], 'table inet hawser: the table is missing'],
    [
      'a flushed chain',
      ['nft', 'flush', 'chain', 'inet', 'hawser', 'forward'],
      'chain forward is not as it was made',
    ],
    [
      'an element taken away',
      ['nft', 'flush', 'map', 'inet', 'hawser', 'ports4_any'],
      'ports4_any { tcp . 8080 : 172.17.0.2 . 80 } is missing',
    ],
    [
      'a stranger in a map',
      ['nft', 'add', 'element', 'inet', 'hawser', 'ports4_any', '{ tcp . 1 : 10.0.0.1 . 1 }'],
      'belongs to nothing',
    ],
    [
      'a router that is none',
      ['sysctl', '-qw', 'net.ipv4.ip_forward=0'],
      'net.ipv4.ip_forward is 0',
    ],
  ])('%s', async (_, command, what) => {
    await lab.serve(web, 'web', 80);
    expect(reconcile()).toEqual([]);
    const hostIfname = hostIfnameOf(web.endpoint.key);
    lab.host.exec(command.map((word) => (word === 'HOST-IF' ? hostIfname : word)));
    expect(tell(reconcile())).toContain(what);
    expect(reconcile()).toEqual([]);
    const outside = lab.host.outside ?? lab.host;
    expect(await ask(outside, 'tcp', HOST_ADDRESS, 8080)).toMatch(/^web from /);
  });

  it('an address taken away inside', () => {
    web.exec(['ip', 'addr', 'flush', 'dev', 'eth0']);
    expect(tell(reconcile())).toContain('web: eth0 lacks its address 172.17.0.2');
    expect(web.exec(['ip', '-br', 'addr'])).toContain('172.17.0.2/16');
    expect(web.exec(['ip', 'route'])).toContain('default via 172.17.0.1');
  });
});

describe('what belongs to nothing goes', () => {
  it('an endpoint whose namespace is gone', () => {
    const { hostIfname } = web.endpoint;
    unpinNetns(web.sandbox.path);
    expect(tell(reconcile())).toContain(`web (eth0): its namespace ${web.sandbox.path} is gone`);
    expect(lab.networking.endpoints()).toEqual([]);
    expect(lab.host.exec(['ip', '-br', 'link'])).not.toContain(hostIfname);
    expect(lab.host.exec(['nft', 'list', 'ruleset'])).not.toContain('8080');
  });

  it('links with our mark, and none without it', () => {
    lab.host.exec(['ip', 'link', 'add', 'hv0123456789abc', 'type', 'veth', 'peer', 'name', 'x']);
    lab.host.exec(['ip', 'link', 'add', 'br-lost', 'type', 'bridge']);
    lab.host.exec(['ip', 'link', 'set', 'br-lost', 'alias', 'hawser:network/f00']);
    lab.host.exec(['ip', 'link', 'add', 'br-docker', 'type', 'bridge']);
    expect(
      reconcile()
        .map(({ what }) => what)
        .sort(),
    ).toEqual([
      'bridge br-lost belongs to no network',
      'link hv0123456789abc belongs to no endpoint',
    ]);
    expect(lab.host.exec(['ip', '-br', 'link'])).toContain('br-docker');
  });

  it('leases and ports without an endpoint', () => {
    lab.store.transaction(() => {
      lab.store.table('endpoints').remove('web/eth0');
      lab.store.table('network-endpoints').remove(`${web.endpoint.network}/web/eth0`);
    });
    const told = tell(reconcile());
    expect(told).toContain('172.17.0.2 is leased to web/eth0, which is no endpoint');
    expect(told).toContain('port tcp/0.0.0.0/08080 is held by web/eth0, which is no endpoint');
    expect(told).toContain(`link ${web.endpoint.hostIfname} belongs to no endpoint`);
    expect(reconcile()).toEqual([]);
  });
});

describe('reload', () => {
  it('keeps the chain of the user, and established connections', async () => {
    await lab.serve(web, 'web', 80);
    lab.host.exec(['nft', 'add', 'rule', 'inet', 'hawser', 'user', 'tcp', 'dport', '81', 'drop']);
    lab.host.inside(() => lab.networking.reload());
    expect(lab.host.exec(['nft', 'list', 'chain', 'inet', 'hawser', 'user'])).toContain(
      'tcp dport 81 drop',
    );
    expect(reconcile()).toEqual([]);
  });

  it('is where a user may forbid what hawser allows', async () => {
    await lab.serve(web, 'web', 80);
    const outside = lab.host.outside ?? lab.host;
    lab.host.exec(['nft', 'add', 'rule', 'inet', 'hawser', 'user', 'tcp', 'dport', '80', 'drop']);
    expect(await ask(outside, 'tcp', HOST_ADDRESS, 8080)).toBeUndefined();
    lab.host.exec(['nft', 'flush', 'chain', 'inet', 'hawser', 'user']);
    expect(await ask(outside, 'tcp', HOST_ADDRESS, 8080)).toMatch(/^web from /);
  });

  it('happens by itself when an attach finds the table gone', async () => {
    await lab.serve(web, 'web', 80);
    lab.host.exec(['nft', 'flush', 'ruleset']);
    lab.container('other');
    const outside = lab.host.outside ?? lab.host;
    expect(await ask(outside, 'tcp', HOST_ADDRESS, 8080)).toMatch(/^web from /);
  });
});

describe('teardown', () => {
  it('leaves the host as it was', () => {
    lab.host.inside(() => {
      lab.networking.networks.create({ name: 'blue' });
      lab.networking.teardown();
    });
    expect(lab.host.exec(['nft', 'list', 'ruleset'])).toBe('');
    expect(lab.host.exec(['ip', '-br', 'link']).match(/^\S+/gm)).toEqual([
      'lo',
      expect.stringMatching(/^eth0@/),
    ]);
    expect(lab.networking.networks.list()).toEqual([]);
  });
});

it('tells of a program that has come to listen on a published port, and of no other', async () => {
  const [late, elsewhere] = await Promise.all([
    listen(lab.host, 'tcp', '127.0.0.1', 8080),
    listen(lab.host, 'tcp', '127.0.0.1', 8081),
  ]);
  try {
    expect(reconcile()).toEqual([]);
    expect(lab.notes.filter((note) => note.includes('hears nothing'))).toEqual([
      `tcp port 8080, published by web, has node (pid ${late.pid}) listening too, which hears nothing`,
    ]);
  } finally {
    await Promise.all([late.stop(), elsewhere.stop()]);
  }
});
