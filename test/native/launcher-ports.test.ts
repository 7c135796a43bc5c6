/** Ports that the monitor holds while its process lives. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { holdPorts } from '../../native/hold-ports.ts';
import { LaunchError } from '../../native/launcher.ts';
import type { PortRun } from '../../native/plan.ts';
import { tryBind } from '../../native/sockets.ts';
import { makeFakeHost } from '../support/fakehost.ts';
import { inhabit } from '../support/inhabit.ts';
import { type Box, containerPlan, makeBox } from './container.ts';
import { finish, launcherProgram, start } from './launching.ts';

const host = makeFakeHost({ uplink: true });
let leave: () => void;
let box: Box;

beforeAll(() => {
  leave = inhabit(host.netns);
  box = makeBox();
});
afterAll(() => {
  box.remove();
  leave();
  host.dispose();
});

const run = (given: Partial<PortRun> = {}): PortRun => ({
  protocol: 'tcp',
  address: '0.0.0.0',
  first: 8080,
  count: 1,
  ...given,
});
const isHeld = (ip: string, port = 8080) => tryBind('tcp', ip, port) !== 'free';
const sleeper = (ports: PortRun[]) =>
  containerPlan(box, { args: ['sleep', '100'], supervision: { ports } });

it.each(['release', 'asan'] as const)(
  '%s: held from the start to the end, and changed',
  async (kind) => {
    const ports = [run({ address: '*', count: 3 }), run({ protocol: 'udp', address: '::1' })];
    const running = await start(sleeper(ports), launcherProgram(kind));
    expect(['0.0.0.0', '::', '::1'].map((ip) => isHeld(ip, 8082))).toEqual([true, true, true]);
    expect(isHeld('0.0.0.0', 8083)).toBe(false);
    expect(tryBind('udp', '::1', 8080)).not.toBe('free');
    expect(tryBind('udp', '0.0.0.0', 8080)).toBe('free');

    holdPorts(box.supervision.socket, [run({ address: '127.0.0.1', first: 9000 })]);
    expect(isHeld('0.0.0.0', 8082)).toBe(false);
    expect(isHeld('127.0.0.1', 9000)).toBe(true);
    holdPorts(box.supervision.socket, []);
    expect(isHeld('127.0.0.1', 9000)).toBe(false);

    holdPorts(box.supervision.socket, [run()]);
    await running.session.kill(9);
    await finish(running);
    expect(isHeld('0.0.0.0')).toBe(false);
    holdPorts(box.supervision.socket, [run()]); // a monitor that has gone holds nothing
    expect(isHeld('0.0.0.0')).toBe(false);
  },
);

it('a port that somebody has keeps the process from being started', async () => {
  const server = createServer().listen(8080, '127.0.0.1');
  await once(server, 'listening');
  const error = await start(sleeper([run({ count: 2, first: 8079 })])).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(LaunchError);
  expect(error).toMatchObject({ step: 'port', code: 'EADDRINUSE' });
  expect(String(error)).toContain('hold tcp port 8080: Address already in use');
  expect(isHeld('0.0.0.0', 8079)).toBe(false);
  server.close();
});
