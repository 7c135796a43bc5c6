/** A sender of datagrams that never pauses, while what it sends to comes and goes. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { forgetUdpFlows } from '../../native/conntrack.ts';
import { type Container, type Lab, makeLab } from './lab.ts';

const PORT = 8053;
let lab: Lab;
let sender: ChildProcessWithoutNullStreams;
let answers: Interface;

beforeAll(() => {
  lab = makeLab();
  // The firewall is there from now on, and the kernel tracks flows for its sake.
  lab.container('first', { ports: ['9999:9999'] });
});
afterAll(() => lab.dispose());

beforeEach(() => {
  const script = `exec 3<>/dev/udp/127.0.0.1/${PORT}
    while read -r line; do echo "$line" >&3; echo "got $(timeout 1 head -n 1 <&3)"; done 2>/dev/null`;
  const [file = '', ...args] = lab.host.argv(['bash', '-c', script]);
  sender = spawn(file, args);
  answers = createInterface(sender.stdout);
});
afterEach(async () => {
  sender.stdin.end();
  await once(sender, 'exit');
});

/** Sends a datagram from the same port as ever; empty if there is no answer. */
async function send(): Promise<string> {
  const answer = once(answers, 'line');
  sender.stdin.write('hello\n');
  return String((await answer)[0]).replace(/^got ?/, '');
}

async function serving(name: string): Promise<Container> {
  const container = lab.container(name, { ports: [`${PORT}:53/udp`] });
  await lab.serve(container, name, 53);
  return container;
}

function detach({ sandbox }: Container): void {
  lab.host.inside(() => lab.networking.detach({ sandbox: sandbox.id }));
}

it('a port is reached by who has sent to it before it was published', async () => {
  expect(await send()).toBe('');
  const one = await serving('one');
  expect(await send()).toMatch(/^one from/);
  detach(one);
});

it('a port is reached after its container was replaced, by who went on sending', async () => {
  const before = await serving('before');
  expect(await send()).toMatch(/^before from/);
  detach(before);
  const after = await serving('after');
  expect(await send()).toMatch(/^after from/);
  detach(after);
});

it('who gets the address next does not get what was sent to its last holder', async () => {
  const holder = await serving('holder');
  expect(await send()).toMatch(/^holder from/);
  detach(holder);
  const heir = lab.container('heir', { ip: holder.address });
  await lab.serve(heir, 'heir', 53);
  expect(await send()).toBe('');
  detach(heir);
});

it("another port's flows, and those of one address only, are left alone", async () => {
  const one = lab.container('one-address', { ports: [`127.0.0.1:${PORT}:53/udp`] });
  await lab.serve(one, 'one-address', 53);
  expect(await send()).toMatch(/^one-address from/);
  detach(lab.container('other', { ports: [`${PORT + 1}:53/udp`] }));
  const flows: unknown[] = [];
  lab.host.inside(() => forgetUdpFlows((flow) => flows.push(flow) < 0));
  expect(flows).toContainEqual({
    destination: '127.0.0.1',
    destinationPort: PORT,
    answeredBy: one.address,
  });
  detach(one);
});
