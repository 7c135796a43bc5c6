/** hawser on a host whose firewall is docker's, ufw's or firewalld's, as those programs load theirs. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOST_ADDRESS, OUTSIDE_ADDRESS, type Place } from '../support/fakehost.ts';
import { ask, type Container, type Lab, makeLab } from './lab.ts';

let lab: Lab;
let outside: Place;
beforeEach(() => {
  lab = makeLab({ uplink: true });
  outside = lab.host.outside ?? lab.host;
});
afterEach(() => lab.dispose());

function iptables(...lines: string[]): void {
  for (const line of lines) lab.host.exec(['iptables-nft', ...line.split(' ')]);
}

/** What docker has in its table for what is forwarded, before any container. */
const DOCKER = [
  '-P FORWARD DROP',
  '-N DOCKER-USER',
  '-A DOCKER-USER -j RETURN',
  '-I FORWARD -j DOCKER-USER',
];
/** The part of ufw's rules that is asked of what is forwarded, and its default. */
const UFW = [
  '-P FORWARD DROP',
  '-N ufw-before-forward',
  '-N ufw-user-forward',
  '-A FORWARD -j ufw-before-forward',
  '-A ufw-before-forward -j ufw-user-forward',
];
const FIREWALLD = `
table inet firewalld {
  chain filter_FORWARD_ZONES { }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state established,related accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_FORWARD_ZONES
    reject with icmpx admin-prohibited
  }
}`;

async function network(): Promise<{ web: Container; bridge: string }> {
  const { bridge = '' } = lab.host.inside(() => lab.networking.networks.create({ name: 'blue' }));
  const web = lab.container('web', { network: 'blue', ports: ['8080:80'] });
  await lab.serve(web, 'web', 80);
  await lab.serve(outside, 'outside', 5000);
  return { web, bridge };
}

const outbound = (web: Container) => ask(web, 'tcp', OUTSIDE_ADDRESS, 5000);
const inbound = () => ask(outside, 'tcp', HOST_ADDRESS, 8080);
const rules = () =>
  lab.host.exec(['iptables-nft', '-S', 'DOCKER-USER']).trim().split('\n').slice(1);

describe('beside docker', () => {
  it('containers reach the outside and are reached, by rules in the chain for users', async () => {
    iptables(...DOCKER);
    const { web, bridge } = await network();
    expect(await outbound(web)).toBe(`outside from ${HOST_ADDRESS}`);
    expect(await inbound()).toBe(`web from ${OUTSIDE_ADDRESS}`);
    expect(rules()).toEqual([
      `-A DOCKER-USER -i ${bridge} -m comment --comment hawser -j ACCEPT`,
      `-A DOCKER-USER -o ${bridge} -m comment --comment hawser -j ACCEPT`,
      '-A DOCKER-USER -j RETURN',
    ]);
    expect(lab.notes.filter((note) => note.includes('drops'))).toEqual([]);
  });

  it("the user's rules there go first", async () => {
    iptables(
      ...DOCKER,
      `-I DOCKER-USER -s ${OUTSIDE_ADDRESS} -p tcp -m conntrack --ctstate NEW -j DROP`,
    );
    const { web } = await network();
    expect(await inbound()).toBeUndefined();
    expect(await outbound(web)).toBe(`outside from ${HOST_ADDRESS}`);
  });

  it('nothing else is let through', async () => {
    iptables(...DOCKER);
    await network();
    const foreign = lab.sandbox('foreign');
    lab.host.exec(['ip', 'link', 'add', 'br-docker', 'type', 'bridge']);
    lab.host.exec(['ip', 'address', 'add', '10.99.0.1/24', 'dev', 'br-docker']);
    lab.host.exec(['ip', 'link', 'set', 'br-docker', 'up']);
    lab.host.exec([
      'ip',
      'link',
      'add',
      'vd',
      'master',
      'br-docker',
      'up',
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      foreign.path,
    ]);
    foreign.exec(['ip', 'address', 'add', '10.99.0.2/24', 'dev', 'eth0']);
    foreign.exec(['ip', 'link', 'set', 'eth0', 'up']);
    foreign.exec(['ip', 'route', 'add', 'default', 'via', '10.99.0.1']);
    outside.exec(['ip', 'route', 'add', '10.99.0.0/24', 'via', HOST_ADDRESS]);
    expect(await ask(foreign, 'tcp', OUTSIDE_ADDRESS, 5000)).toBeUndefined();
    iptables('-P FORWARD ACCEPT');
    expect(await ask(foreign, 'tcp', OUTSIDE_ADDRESS, 5000)).toBe('outside from 10.99.0.2');
  });

  it('they come and go with the network, and are mended', async () => {
    iptables(...DOCKER);
    lab.host.inside(() => lab.networking.networks.create({ name: 'vault', internal: true }));
    expect(rules()).toEqual(['-A DOCKER-USER -j RETURN']);
    const { web, bridge } = await network();
    const whole = rules();
    iptables(`-D DOCKER-USER -i ${bridge} -m comment --comment hawser -j ACCEPT`);
    const mended = lab.host.inside(() => lab.networking.reconcile());
    expect(mended.map(({ what }) => what)).toEqual([
      `chain DOCKER-USER of table ip filter does not let through what comes from ${bridge}`,
    ]);
    expect(new Set(rules())).toEqual(new Set(whole));
    expect(lab.host.inside(() => lab.networking.reconcile())).toEqual([]);
    lab.host.exec(['nft', 'flush', 'ruleset']);
    iptables(...DOCKER);
    lab.host.inside(() => lab.networking.reload());
    expect(rules()).toEqual(whole);
    lab.host.inside(() => {
      lab.networking.detach({ sandbox: web.sandbox.id });
      lab.networking.networks.remove('blue');
    });
    expect(rules()).toEqual(['-A DOCKER-USER -j RETURN']);
  });
});

describe('beside those who keep no chain for others, the user is told what to type', () => {
  /** The note that is made, without what comes before the command. */
  function told(): string {
    const notes = lab.notes.flatMap(
      (note) => /: ((?:ufw|firewall-cmd|iptables|nft) .*)$/.exec(note)?.[1] ?? [],
    );
    expect(notes).toHaveLength(1);
    return notes[0] ?? '';
  }

  it('ufw', async () => {
    iptables(...UFW);
    const { web, bridge } = await network();
    expect(await outbound(web)).toBeUndefined();
    expect(told()).toBe(`ufw route allow in on ${bridge} && ufw route allow out on ${bridge}`);
    // Which is what this makes ufw do.
    iptables(
      `-A ufw-user-forward -i ${bridge} -j ACCEPT`,
      `-A ufw-user-forward -o ${bridge} -j ACCEPT`,
    );
    expect(await outbound(web)).toBe(`outside from ${HOST_ADDRESS}`);
    expect(await inbound()).toBe(`web from ${OUTSIDE_ADDRESS}`);
  });

  it('firewalld', async () => {
    lab.host.exec(['nft', '-f', '-'], { input: FIREWALLD });
    const { web, bridge } = await network();
    expect(await outbound(web)).toBeUndefined();
    expect(await inbound()).toBe(`web from ${OUTSIDE_ADDRESS}`);
    expect(told()).toBe(
      `firewall-cmd --permanent --zone=trusted --add-interface=${bridge} && firewall-cmd --reload`,
    );
    const zone = ['inet', 'firewalld', 'filter_FORWARD_ZONES', 'iifname', bridge, 'accept'];
    lab.host.exec(['nft', 'add', 'rule', ...zone]);
    expect(await outbound(web)).toBe(`outside from ${HOST_ADDRESS}`);
  });

  it('a policy of drop by hand, and the command is right', async () => {
    iptables('-P FORWARD DROP');
    const { web } = await network();
    expect(await outbound(web)).toBeUndefined();
    lab.host.exec(['sh', '-c', told().replaceAll('iptables ', 'iptables-nft ')]);
    expect(await outbound(web)).toBe(`outside from ${HOST_ADDRESS}`);
    expect(await inbound()).toBe(`web from ${OUTSIDE_ADDRESS}`);
  });

  it('a table of nftables with a policy of drop, and the command is right', async () => {
    const input =
      'table inet filter { chain forward { type filter hook forward priority 0; policy drop; }; }';
    lab.host.exec(['nft', '-f', '-'], { input });
    const { web } = await network();
    expect(await outbound(web)).toBeUndefined();
    lab.host.exec(['sh', '-c', told()]);
    expect(await outbound(web)).toBe(`outside from ${HOST_ADDRESS}`);
  });
});
