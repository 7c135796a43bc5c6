/** TCP through a port published on 127.0.0.1, against the way over the bridge to the same container. */
import { execFileSync, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { atLeast, median, type Row } from './measure.ts';
import { makePlace } from './place.ts';

const ROUNDS = 5;
const SECONDS = '2';
const PORT = 5201;
const PUBLISHED = 15201;

export const name = 'throughput of one TCP stream (iperf3)';

export async function run(): Promise<{ rows: Row[] }> {
  const place = await makePlace();
  try {
    const { containers } = place.engine;
    const { id } = containers.create({
      image: 'busybox',
      command: ['sleep', '1000'],
      ports: [`127.0.0.1:${PUBLISHED}:${PORT}`],
    });
    await containers.start(id);
    const { state, endpoints } = containers.inspect(id);
    const address = endpoints[0]?.addresses[0]?.address;
    if (address === undefined) throw new Error('the container has no address');

    const server = spawn(
      'nsenter',
      [`--net=/proc/${state.pid}/ns/net`, 'iperf3', '--server', '--port', String(PORT)],
      { stdio: 'ignore' },
    );
    try {
      await sleep(500);
      const bridge: number[] = [];
      const published: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        bridge.push(throughput(address, PORT));
        published.push(throughput('127.0.0.1', PUBLISHED));
      }
      const ratio = median(published) / median(bridge);
      return {
        rows: [
          { what: 'bridge address', value: median(bridge), unit: 'Gbit/s' },
          { what: 'published on 127.0.0.1', value: median(published), unit: 'Gbit/s' },
          atLeast('published / bridge', ratio, 0.9, ''),
        ],
      };
    } finally {
      server.kill();
    }
  } finally {
    await place.dispose();
  }
}

/** Gbit/s, as the receiver counts them. */
function throughput(address: string, port: number): number {
  const report = execFileSync(
    'iperf3',
    ['--client', address, '--port', String(port), '--time', SECONDS, '--json'],
    { encoding: 'utf8', timeout: 30_000 },
  );
  return JSON.parse(report).end.sum_received.bits_per_second / 1e9;
}
