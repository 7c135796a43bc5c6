/** The networks that nobody made: bridge, host and none. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Inspection } from '../../engine/engine.ts';
import { type Hawser, makeHawser } from '../support/hawser.ts';

let hawser: Hawser;

beforeAll(() => {
  hawser = makeHawser();
  hawser.importBusybox();
});
afterAll(() => hawser.dispose());

function inspect(ref: string): Inspection {
  const [network] = JSON.parse(hawser.run('network', 'inspect', ref));
  return network;
}

const listed = () =>
  hawser
    .run('network', 'ls')
    .split('\n')
    .slice(1)
    .map((line) => line.split(/ +/).slice(0, 3).join(' '));

it('are listed before their first use as after it, under the same ids', () => {
  const before = listed();
  expect(before.map((line) => line.slice(13))).toEqual(['bridge bridge', 'host host', 'none null']);
  const { id } = inspect('bridge');
  expect(inspect(id.slice(0, 12))).toMatchObject({ name: 'bridge', subnets: [], endpoints: [] });
  hawser.run('run', '--rm', 'busybox', 'true');
  expect(inspect('bridge')).toMatchObject({ id, subnets: [{ subnet: '172.17.0.0/16' }] });
  expect(inspect(id.slice(0, 12)).subnets).toHaveLength(1);
  expect(listed()).toEqual(before);
});

it('show the running containers that use them', () => {
  for (const network of ['bridge', 'host', 'none']) {
    const sleep = ['busybox', 'sleep', '600'];
    const id = hawser.run('run', '-d', '--name', `on-${network}`, '--network', network, ...sleep);
    hawser.run('create', '--network', network, 'busybox', 'true');
    expect(inspect(network).containers).toEqual([{ id, name: `on-${network}` }]);
  }
  expect(inspect('host')).toMatchObject({ driver: 'host', endpoints: [] });
  expect(inspect('none')).toMatchObject({ driver: 'null', endpoints: [] });
});

it('are neither made, removed, pruned nor connected to', () => {
  const refused = (...args: string[]) => {
    const { code, stderr } = hawser.try(args);
    expect(code).toBe(125);
    return stderr;
  };
  for (const network of ['bridge', 'host', 'none']) {
    const stays = `remove network ${network}: network ${network} is predefined, and stays\n`;
    expect(refused('network', 'rm', network)).toBe(`hawser: ${stays}`);
    expect(refused('network', 'create', network)).toContain(`create network ${network}: `);
  }
  expect(refused('network', 'connect', 'host', 'on-bridge')).toBe(
    'hawser: connect on-bridge to host: a container is on network host from its creation, or never ' +
      '(hawser run --network host)\n',
  );
  expect(hawser.run('network', 'prune', '-f')).toBe('');
  expect(listed()).toHaveLength(3);
});
