/** What other programs of the host meet when they want a port that leads to a container. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOST_ADDRESS, HOST_ADDRESS6 } from '../support/fakehost.ts';
import { type Lab, makeLab } from './lab.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await makeLab();
  lab.engine.networks.create({ name: 'dual', ipv6: true });
  lab.host.exec(['sysctl', '-qw', 'net.bridge.bridge-nf-call-ip6tables=0']);
});
afterAll(() => lab.dispose());

/** Listens for a moment, as any server would: `ok`, or the kernel's word against it. */
async function listenOn(protocol: 'tcp' | 'udp', host: string, port: number): Promise<string> {
  if (protocol === 'tcp') {
    const server = createServer().listen({ port, host, ipv6Only: true });
    const [error] = await Promise.race([once(server, 'listening'), failure(server)]);
    server.close();
    return error === undefined ? 'ok' : codeOf(error);
  }
  const type = host.includes(':') ? 'udp6' : 'udp4';
  const socket = createSocket({ type, reuseAddr: true, ipv6Only: type === 'udp6' });
  socket.bind(port, host);
  const [error] = await Promise.race([once(socket, 'listening'), failure(socket)]);
  socket.close();
  return error === undefined ? 'ok' : codeOf(error);
}

function failure(emitter: NodeJS.EventEmitter): Promise<unknown[]> {
  return new Promise((resolve) => emitter.once('error', (error) => resolve([error])));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

async function start(name: string, ports: string[], network = 'dual'): Promise<string> {
  const command = ['sleep', '1000'];
  const { id } = lab.engine.containers.create({
    image: 'busybox',
    name,
    command,
    ports,
    networks: [network],
  });
  await lab.engine.containers.start(id);
  return id;
}

const everywhere = ['0.0.0.0', '127.0.0.1', HOST_ADDRESS, '::', '::1', HOST_ADDRESS6];

describe.each(['tcp', 'udp'] as const)('%s', (protocol) => {
  const shown = (host: string, port: number) => listenOn(protocol, host, port);

  it('a published port is in use for every other program, at every address, until the end', async () => {
    const id = await start(`all-${protocol}`, [`8080:80/${protocol}`]);
    for (const host of everywhere) expect(await shown(host, 8080), host).toBe('EADDRINUSE');
    await lab.engine.containers.stop(id, { timeout: 0 });
    for (const host of everywhere) expect(await shown(host, 8080), host).toBe('ok');
  });

  it('one of a single address or family is free on the others', async () => {
    const ports = [`127.0.0.1:8081:80/${protocol}`, `[::]:8082:80/${protocol}`];
    const id = await start(`one-${protocol}`, ports);
    for (const [host, port, outcome] of [
      ['127.0.0.1', 8081, 'EADDRINUSE'],
      ['0.0.0.0', 8081, 'EADDRINUSE'],
      [HOST_ADDRESS, 8081, 'ok'],
      ['::', 8081, 'ok'],
      ['::', 8082, 'EADDRINUSE'],
      ['::1', 8082, 'EADDRINUSE'],
      ['0.0.0.0', 8082, 'ok'],
    ] as const) {
      expect(await shown(host, port), `${host} ${port}`).toBe(outcome);
    }
    await lab.engine.containers.remove(id, { force: true });
  });

  it('a range is held port by port', async () => {
    const id = await start(`range-${protocol}`, [`20000-20999:20000-20999/${protocol}`]);
    for (const port of [20000, 20500, 20999]) expect(await shown('::', port)).toBe('EADDRINUSE');
    expect(await shown('::', 21000)).toBe('ok');
    await lab.engine.containers.remove(id, { force: true });
  });
});

it('a container starts again at once, on the same port, however it ended', async () => {
  const id = await start('again', ['8090:80']);
  for (let turn = 0; turn < 3; turn++) {
    await lab.engine.containers.kill(id);
    await lab.engine.containers.start(id);
    expect(await listenOn('tcp', '0.0.0.0', 8090)).toBe('EADDRINUSE');
  }
  await lab.engine.containers.remove(id, { force: true });
});

it('a port goes and comes with the network that publishes it', async () => {
  const id = await start('moved', ['8091:80', '8092:80/udp']);
  lab.engine.networks.disconnect('dual', id);
  expect(await listenOn('tcp', '0.0.0.0', 8091)).toBe('ok');
  expect(await listenOn('udp', '0.0.0.0', 8092)).toBe('ok');
  lab.engine.networks.connect('dual', id);
  expect(await listenOn('tcp', '0.0.0.0', 8091)).toBe('EADDRINUSE');
  expect(await listenOn('udp', '0.0.0.0', 8092)).toBe('EADDRINUSE');
  await lab.engine.containers.remove(id, { force: true });
});

it('says which ports are too many to be held, and holds the others', async () => {
  const id = await start('many', ['30000-31999:30000-31999', '8093:80']);
  expect(lab.notes).toContain(
    'many: tcp ports 30000-31999 are too many to be held: a program that listens on one of them will hear nothing',
  );
  expect(await listenOn('tcp', '0.0.0.0', 8093)).toBe('EADDRINUSE');
  expect(await listenOn('tcp', '0.0.0.0', 30000)).toBe('ok');
  await lab.engine.containers.remove(id, { force: true });
});

it('a port within a range that a program has is refused, and named with the program', async () => {
  const server = createServer().listen({ port: 22222, host: '127.0.0.1' });
  await once(server, 'listening');
  await expect(start('late', ['22000-22999:22000-22999'])).rejects.toMatchObject({
    code: 'taken',
    message: expect.stringMatching(
      new RegExp(`tcp port 22222 is in use by .+ \\(pid ${process.pid}\\)$`),
    ),
  });
  server.close();
  await lab.engine.containers.start('late');
  await lab.engine.containers.remove('late', { force: true });
});
