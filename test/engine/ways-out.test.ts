/** Published ports are led to a container by the network that is its way out. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask } from '../net/lab.ts';
import { HOST_ADDRESS } from '../support/fakehost.ts';
import { type Lab, makeLab } from './lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await makeLab();
  for (const name of ['alpha', 'zeta']) lab.engine.networks.create({ name });
  lab.engine.networks.create({ name: 'a-vault', internal: true });
});
afterAll(() => lab.dispose());

it.each([
  [['zeta', 'alpha'], 'alpha'],
  [['alpha', { network: 'zeta', gwPriority: 1 }], 'zeta'],
  [[{ network: 'a-vault', gwPriority: 9 }, 'zeta'], 'zeta'],
])('on %j it is by %s', async (networks, publisher) => {
  const { engine, host } = lab;
  const command = ['busybox', 'httpd', '-f', '-p', '80'];
  engine.containers.create({
    image: 'busybox',
    name: 'web',
    command,
    networks,
    ports: ['8080:80'],
  });
  await engine.containers.start('web');
  const { id } = engine.networks.inspect(publisher);
  const { endpoints } = engine.containers.inspect('web');
  expect(endpoints.filter(({ ports }) => ports.length > 0).map(({ network }) => network)).toEqual([
    id,
  ]);
  const outside = host.outside ?? host;
  const get = () =>
    outside.exec(['busybox', 'wget', '-S', '-O', '-', `http://${HOST_ADDRESS}:8080/`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  expect(get).toThrow(/404 Not Found/); // it has no page, and says so
  await engine.containers.remove('web', { force: true });
  expect(await ask(outside, 'tcp', HOST_ADDRESS, 8080)).toBeUndefined();
});

it('follows the way out under a running container, and back', async () => {
  const { engine, host } = lab;
  const outside = host.outside ?? host;
  engine.networks.create({ name: 'six', ipv6: true });
  const command = ['busybox', 'httpd', '-f', '-p', '80'];
  const ports = ['8080:80', '8081-8090:80-89'];
  const networks = ['zeta'];
  engine.containers.create({ image: 'busybox', name: 'app', command, networks, ports });
  await engine.containers.start('app');
  const publishers = () =>
    engine.containers
      .inspect('app')
      .endpoints.filter((one) => one.ports.length > 0)
      .map(({ network }) => engine.networks.inspect(network).name);
  const answers = () =>
    expect(() =>
      outside.exec(['busybox', 'wget', '-S', '-O', '-', `http://${HOST_ADDRESS}:8080/`], {
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    ).toThrow(/404 Not Found/);
  const steps: [() => void, string][] = [
    [() => {}, 'zeta'],
    [() => engine.networks.connect('alpha', 'app'), 'alpha'],
    [() => engine.networks.connect('six', 'app', { gwPriority: 1 }), 'six'],
    [() => engine.networks.disconnect('six', 'app'), 'alpha'],
    [() => engine.networks.connect('a-vault', 'app'), 'alpha'],
    [() => engine.networks.disconnect('alpha', 'app'), 'zeta'],
  ];
  for (const [step, publisher] of steps) {
    step();
    expect(publishers()).toEqual([publisher]);
    answers();
    expect(engine.system.reconcile()).toEqual([]);
  }
  await engine.containers.remove('app', { force: true });
});

it('is one for each family: ports of IPv6 stay with the network that has it, over a restart too', async () => {
  const { engine, host } = lab;
  const six = engine.networks.create({ name: 'zz-six', ipv6: true });
  const gateway = six.subnets.find(({ subnet }) => subnet.includes(':'))?.gateway;
  const command = ['busybox', 'httpd', '-f', '-p', '80'];
  const ports = ['8080:80', '[::]:8090:80'];
  const networks = ['zz-six'];
  engine.containers.create({ image: 'busybox', name: 'both', command, networks, ports });
  await engine.containers.start('both');
  const published = () =>
    engine.containers.inspect('both').endpoints.flatMap(({ network, ports: led }) => {
      const { name } = engine.networks.inspect(network);
      return led.map(({ hostIp, hostPort }) => `${name} ${hostIp} ${hostPort}`);
    });
  const answers = () => {
    for (const url of [
      `http://${HOST_ADDRESS}:8080/`,
      ...[8080, 8090].map((port) => `http://[${gateway}]:${port}/`),
    ]) {
      const get = () =>
        host.exec(['busybox', 'wget', '-S', '-O', '-', url], { stdio: ['ignore', 'pipe', 'pipe'] });
      expect(get).toThrow(/404 Not Found/);
    }
    expect(engine.system.reconcile()).toEqual([]);
  };
  const all = (by: string) => [`${by} 0.0.0.0 8080`, 'zz-six :: 8080', 'zz-six :: 8090'];
  answers();
  engine.networks.connect('alpha', 'both');
  expect(published().sort()).toEqual(all('alpha'));
  answers();
  await engine.containers.stop('both', { timeout: 0 });
  await engine.containers.start('both');
  expect(published().sort()).toEqual(all('alpha'));
  answers();
  engine.networks.disconnect('alpha', 'both');
  expect(published().sort()).toEqual(all('zz-six').sort());
  answers();
  engine.networks.connect('alpha', 'both');
  engine.networks.disconnect('zz-six', 'both');
  expect(published()).toEqual(['alpha 0.0.0.0 8080']);
  engine.networks.connect('zz-six', 'both');
  expect(published().sort()).toEqual(all('alpha'));
  answers();
  await engine.containers.remove('both', { force: true });
});
