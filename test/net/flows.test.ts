/** Senders of datagrams that never pause, while what they send to comes and goes. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { forgetUdpFlows, type UdpFlow } from '../../native/conntrack.ts';
import { type Container, type Lab, makeLab } from './lab.ts';

const PORT = 8053;
let lab: Lab;

beforeAll(() => {
  lab = makeLab();
  const subnets = [{ subnet: '10.5.0.0/24' }, { subnet: 'fd00:5::/64' }];
  lab.host.inside(() => lab.networking.networks.create({ name: 'dual', subnets }));
  // The firewall is there from now on, and the kernel tracks flows for its sake.
  lab.container('first', { network: 'dual', ports: ['9999:9999'] });
});
afterAll(() => lab.dispose());

interface Sender {
  /** Sends a datagram from the same port as ever; empty if there is no answer. */
  send(): Promise<string>;
  stop(): Promise<void>;
}

function sendTo(address: string, port: number): Sender {
  const script = `exec 3<>/dev/udp/${address}/${port}
    while read -r line; do echo "$line" >&3; echo "got $(timeout 1 head -n 1 <&3)"; done 2>/dev/null`;
  const [file = '', ...args] = lab.host.argv(['bash', '-c', script]);
  const child: ChildProcessWithoutNullStreams = spawn(file, args);
  const answers = createInterface(child.stdout);
  return {
    async send() {
      const answer = once(answers, 'line');
      child.stdin.write('hello\n');
      return String((await answer)[0]).replace(/^got ?/, '');
    },
    async stop() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

async function serving(name: string, port = PORT): Promise<Container> {
  const container = lab.container(name, { network: 'dual', ports: [`${port}:53/udp`] });
  await lab.serve(container, name, 53);
  return container;
}

function detach({ sandbox }: Container): void {
  lab.host.inside(() => lab.networking.detach({ sandbox: sandbox.id }));
}

describe.each([
  { family: 4, address: '127.0.0.1', gateway: '10.5.0.1' },
  { family: 6, address: 'fd00:5::1', gateway: 'fd00:5::1' },
] as const)('over IPv$family', ({ family, address, gateway }) => {
  let sender: Sender;
  beforeEach(() => {
    sender = sendTo(address, PORT);
  });
  afterEach(() => sender.stop());

  const own = ({ endpoint }: Container): string =>
    endpoint.addresses
      .map((one) => one.address)
      .find((one) => one.includes(':') === (family === 6)) ?? '';

  function flows(): UdpFlow[] {
    const found: UdpFlow[] = [];
    lab.host.inside(() => forgetUdpFlows(new Set([family]), (flow) => found.push(flow) < 0));
    return found;
  }

  it('a port is reached by who has sent to it before it was published', async () => {
    expect(await sender.send()).toBe('');
    const one = await serving(`one${family}`);
    expect(await sender.send()).toMatch(/^one\d from/);
    detach(one);
  });

  it('a port is reached after its container was replaced, by who went on sending', async () => {
    const before = await serving(`before${family}`);
    expect(await sender.send()).toMatch(/^before\d from/);
    detach(before);
    const after = await serving(`after${family}`);
    expect(await sender.send()).toMatch(/^after\d from/);
    detach(after);
  });

  it('who gets the address next does not get what was sent to its last holder', async () => {
    const holder = await serving(`holder${family}`);
    expect(await sender.send()).toMatch(/^holder\d from/);
    detach(holder);
    const heir = lab.container(`heir${family}`, {
      network: 'dual',
      [family === 4 ? 'ip' : 'ip6']: own(holder),
    });
    await lab.serve(heir, 'heir', 53);
    expect(await sender.send()).toBe('');
    detach(heir);
  });

  it('of all flows exactly those of the replaced port are forgotten', async () => {
    const target = family === 6 ? `[${address}]` : address;
    const one = lab.container(`one-address${family}`, {
      network: 'dual',
      ports: [`${target}:${PORT}:53/udp`, `${PORT + 2}:54/udp`],
    });
    await lab.serve(one, 'one', 53, 54);
    const beside = sendTo(gateway, PORT + 2);
    const replaced = sendTo(gateway, PORT + 1);
    expect(await sender.send()).toMatch(/^one from/);
    expect(await beside.send()).toMatch(/^one from/);
    expect(await replaced.send()).toBe('');
    const [kept, other, stale] = [
      { destination: address, destinationPort: PORT, answeredBy: own(one) },
      { destination: gateway, destinationPort: PORT + 2, answeredBy: own(one) },
      { destination: gateway, destinationPort: PORT + 1, answeredBy: gateway },
    ];
    expect(flows()).toEqual(expect.arrayContaining([kept, other, stale]));

    const next = await serving(`next${family}`, PORT + 1);
    // Nobody has sent anything meanwhile: what is there was not forgotten.
    expect(flows()).toEqual(expect.arrayContaining([kept, other]));
    expect(flows()).not.toContainEqual(stale);
    expect(await replaced.send()).toMatch(/^next\d from/);
    detach(next);
    expect(flows()).toEqual(expect.arrayContaining([kept, other]));
    detach(one);
    expect(flows().filter(({ answeredBy }) => answeredBy === own(one))).toEqual([]);
    await Promise.all([beside.stop(), replaced.stop()]);
  });
});
