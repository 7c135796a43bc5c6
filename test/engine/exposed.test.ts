/** What an image or a request exposes, and -P. */
import { createReadStream } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exposedPorts, exposedText } from '../../engine/containers/exposed.ts';
import { makeBusyboxTar } from '../support/busybox.ts';
import { type Lab, makeLab } from './lab.ts';

let lab: Lab;
const command = ['sleep', '1000'];

beforeAll(async () => {
  lab = await makeLab();
  const tar = makeBusyboxTar(lab.host.dir);
  const config = { exposedPorts: ['80/tcp', '53/udp'] };
  await lab.engine.images.import(createReadStream(tar), 'served', { config });
  lab.engine.networks.create({ name: 'dual', ipv6: true });
});
afterAll(() => lab.dispose());

describe('exposed ports', () => {
  const read = (...texts: string[]) => exposedPorts(texts).map(exposedText);

  it('are each named once', () => {
    expect(read('80', '80/tcp', '80/udp', '8000-8002', '8001')).toEqual([
      '80/tcp',
      '80/udp',
      '8000/tcp',
      '8001/tcp',
      '8002/tcp',
    ]);
  });

  it.each([
    ['8080:80', 'it names a port of the host'],
    ['127.0.0.1::80', 'it names a port of the host'],
    ['http', 'http is not a port'],
    ['80/icmp', 'no protocol is called icmp'],
  ])('%s is refused', (text, why) => {
    expect(() => read(text)).toThrow(why);
  });
});

describe('-P', () => {
  it('publishes each on a free port of all addresses, and those of -p where they were put', async () => {
    const { id } = lab.engine.containers.create({
      image: 'served',
      command,
      networks: ['dual'],
      expose: ['7000-7001'],
      ports: ['8080:80'],
      publishAll: true,
    });
    await lab.engine.containers.start(id);
    const { endpoints, network } = lab.engine.containers.inspect(id);
    const ports = endpoints.flatMap((endpoint) => endpoint.ports);
    expect(network.exposed).toEqual(['80/tcp', '53/udp', '7000/tcp', '7001/tcp']);
    expect(
      ports.map(({ hostIp, protocol, containerPort }) => [hostIp, protocol, containerPort]),
    ).toEqual(
      (
        [
          ['tcp', 80],
          ['udp', 53],
          ['tcp', 7000],
          ['tcp', 7001],
        ] as const
      ).flatMap((port) => [
        ['0.0.0.0', ...port],
        ['::', ...port],
      ]),
    );
    expect(ports[0]?.hostPort).toBe(8080);
    for (const { hostPort } of ports.slice(2)) {
      expect(hostPort).toBeGreaterThanOrEqual(32768);
      expect(hostPort).toBeLessThanOrEqual(60999);
    }
    await lab.engine.containers.remove(id, { force: true });
  });

  it('is not without asking, and nothing to ask of who joins another', () => {
    const quiet = lab.engine.containers.create({ image: 'served', command });
    expect(quiet.network).toMatchObject({ ports: [], exposed: ['80/tcp', '53/udp'] });
    const networks = [`container:${quiet.name}`];
    const joins = (more: object) =>
      lab.engine.containers.create({ image: 'served', command, networks, ...more });
    expect(() => joins({ publishAll: true })).toThrow('a published port cannot be chosen');
    expect(() => joins({ expose: ['81'] })).toThrow('an exposed port cannot be chosen');
    expect(joins({}).network.ports).toEqual([]);
  });
});
