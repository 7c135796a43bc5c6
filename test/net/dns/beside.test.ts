/** Names on a host whose firewall drops what comes in: the command that is told lets the questions in. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ask } from './client.ts';
import { makeNameLab, type NameLab } from './lab.ts';

let lab: NameLab;
beforeEach(async () => {
  lab = await makeNameLab();
});
afterEach(() => lab.dispose());

const QUESTION = { patience: 300 };

/** Makes a network and a container on it; the commands that its user is told. */
function blue(internal = false) {
  const subnets = [{ subnet: '10.5.0.0/24' }];
  const { bridge = '' } = lab.host.inside(() =>
    lab.networking.networks.create({ name: 'blue', subnets, internal }),
  );
  const web = lab.container('web', { network: 'blue' });
  const told = lab.notes.flatMap((note) => / let it in with: (.*)$/.exec(note)?.[1] ?? []);
  const answered = (protocol: 'udp' | 'tcp') =>
    ask(web, '10.5.0.1', 'web', { ...QUESTION, protocol })?.answers[0] === web.address;
  return { bridge, told, answered };
}

it.each([
  ['a network', false],
  ['an internal one', true],
])('a policy of drop by hand: %s', (_, internal) => {
  lab.host.exec(['iptables-nft', '-P', 'INPUT', 'DROP']);
  const { told, answered } = blue(internal);
  expect(answered('udp')).toBe(false);
  expect(told).toHaveLength(1);
  lab.host.exec(['sh', '-c', String(told[0]).replaceAll('iptables ', 'iptables-nft ')]);
  expect([answered('udp'), answered('tcp')]).toEqual([true, true]);
});

it('a table of nftables with a policy of drop', () => {
  const input = 'table inet own { chain in { type filter hook input priority 0; policy drop; }; }';
  lab.host.exec(['nft', '-f', '-'], { input });
  const { told, answered } = blue();
  expect(answered('udp')).toBe(false);
  expect(told).toHaveLength(1);
  lab.host.exec(['sh', '-c', String(told[0])]);
  expect([answered('udp'), answered('tcp')]).toEqual([true, true]);
});

it('ufw', () => {
  for (const rule of ['-P INPUT DROP', '-N ufw-before-forward', '-N ufw-user-input']) {
    lab.host.exec(['iptables-nft', ...rule.split(' ')]);
  }
  lab.host.exec(['iptables-nft', '-A', 'INPUT', '-j', 'ufw-user-input']);
  const { bridge, told, answered } = blue();
  expect(answered('udp')).toBe(false);
  expect(told).toEqual([`ufw allow in on ${bridge} to any port 25353`]);
  // Which is what this makes ufw do.
  for (const protocol of ['udp', 'tcp']) {
    const rule = `-A ufw-user-input -i ${bridge} -p ${protocol} --dport 25353 -j ACCEPT`;
    lab.host.exec(['iptables-nft', ...rule.split(' ')]);
  }
  expect([answered('udp'), answered('tcp')]).toEqual([true, true]);
});
