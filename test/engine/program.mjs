// A program that uses the built library as anybody would, and fails or dies after a chosen step.
//   node program.mjs ACTION [throw|kill N]      node program.mjs churn ROUNDS
// Prints a line for each step, and the error's message if there is one.
import { setTimeout as sleep } from 'node:timers/promises';
import { openEngine } from '../../dist/index.js';

const [action = '', fault, at] = process.argv.slice(2);
let steps = 0;
const engine = openEngine({
  onStep(step) {
    console.log(step);
    steps += 1;
    if (steps !== Number(at)) return;
    if (fault === 'kill') process.kill(process.pid, 'SIGKILL');
    else throw new Error(`injected after ${step}`);
  },
});
const { containers } = engine;
const request = {
  image: 'busybox',
  name: 'subject',
  command: ['sleep', '300'],
  networks: ['bridge', 'blue'],
  ports: ['8080:80'],
};

const actions = {
  create: () => containers.create({ ...request, name: 'created' }),
  start: () => containers.start('subject'),
  stop: () => containers.stop('subject', { timeout: 0 }),
  connect: () => engine.networks.connect('amber', 'subject'),
  disconnect: () => engine.networks.disconnect('blue', 'subject'),
  shape: () => engine.networks.shape('blue', 'subject', { egressRate: 10_000_000 }),
  remove: () => containers.remove('subject', { force: true }),
  // The rounds stand where the fault would: each runs a container, tells what it got, removes it.
  churn: async () => {
    for (let round = 0; round < Number(fault); round++) {
      const name = `churn-${process.pid}-${round}`;
      containers.create({ ...request, name, ports: ['80'] });
      await containers.start(name);
      // Of its two networks, one is the way out, and there the port is.
      const endpoint = containers.inspect(name).endpoints.find((one) => one.ports.length > 0);
      const claim = { address: endpoint.addresses[0].address, port: endpoint.ports[0].hostPort };
      const from = Date.now();
      await sleep(20);
      console.log(JSON.stringify({ ...claim, from, until: Date.now() }));
      await containers.remove(name, { force: true });
    }
  },
};

try {
  await actions[action]();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  engine.close();
}
