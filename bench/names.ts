/** Names resolved, beside aardvark-dns and docker's 127.0.0.11, each asked from within a container. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startAardvark } from './aardvark.ts';
import { dockerPeer } from './docker-peer.ts';
import { atLeast, median, type Row } from './measure.ts';
import { makePlace } from './place.ts';
import { type Place, resolveRate } from './resolve.ts';

const NAMES = ['web0', 'web1', 'web2', 'web3'];
const ROUNDS = 5;
/** For each measurement (ms). */
const TIME = 700;
const AT_ONCE = 32;

export const name = 'names resolved, beside aardvark-dns and docker';

export async function run(): Promise<{ rows: Row[] }> {
  const place = await makePlace();
  const aardvark = await startAardvark(NAMES);
  try {
    const ours = await startOurs(place);
    const places = { hawser: ours, aardvark, docker: await startDocker(place.tar) };
    const rates = measure(places, AT_ONCE);
    const single = measure(places, 1);
    const latency = (rate: number) => 1e6 / rate;
    const pid = readFileSync(join(place.run, 'names/lock'), 'utf8');
    return {
      rows: [
        { what: 'aardvark-dns', value: rates.aardvark, unit: 'names/s' },
        { what: 'docker', value: rates.docker, unit: 'names/s' },
        { what: 'hawser', value: rates.hawser, unit: 'names/s' },
        atLeast('hawser / aardvark-dns', rates.hawser / rates.aardvark, 1, ''),
        { what: 'hawser / docker', value: rates.hawser / rates.docker, unit: '' },
        { what: 'one at a time: aardvark-dns', value: latency(single.aardvark), unit: 'us' },
        { what: 'one at a time: docker', value: latency(single.docker), unit: 'us' },
        { what: 'one at a time: hawser', value: latency(single.hawser), unit: 'us' },
        { what: 'memory of its own, hawser', value: ownMemory(pid), unit: 'MB' },
      ],
    };
  } finally {
    aardvark.stop();
    await place.dispose();
  }
}

type Peer = 'hawser' | 'aardvark' | 'docker';

/** Medians of interleaved rounds; the first warms up. */
function measure(places: Record<Peer, Place>, atOnce: number): Record<Peer, number> {
  const rates: Record<Peer, number[]> = { hawser: [], aardvark: [], docker: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (const peer of ['hawser', 'aardvark', 'docker'] as const) {
      const rate = resolveRate(places[peer], NAMES, atOnce, TIME);
      if (round > 0) rates[peer].push(rate);
    }
  }
  return {
    hawser: median(rates.hawser),
    aardvark: median(rates.aardvark),
    docker: median(rates.docker),
  };
}

async function startOurs({ engine }: Awaited<ReturnType<typeof makePlace>>): Promise<Place> {
  engine.networks.create({ name: 'bench', subnets: [{ subnet: '10.88.0.0/24' }] });
  let pid: number | undefined;
  for (const name of NAMES) {
    const command = ['sleep', '1000'];
    const { id } = engine.containers.create({
      image: 'busybox',
      command,
      name,
      networks: ['bench'],
    });
    await engine.containers.start(id);
    pid = engine.containers.inspect(id).state.pid;
  }
  return { netns: `/proc/${pid}/ns/net`, server: '10.88.0.1' };
}

async function startDocker(tar: string): Promise<Place> {
  const { docker, processes } = await dockerPeer(tar);
  docker('network', 'create', 'bench');
  for (const name of NAMES) {
    docker('run', '-d', '--name', name, '--network', 'bench', 'busybox', 'sleep', '1000');
  }
  // A path in dockerd's own mount namespace.
  const path = docker('inspect', '--format', '{{.NetworkSettings.SandboxKey}}', NAMES[0] ?? '');
  const [daemon] = processes('dockerd');
  return { netns: join(`/proc/${daemon}/root`, path.trim()), server: '127.0.0.11' };
}

/** MB that a process shares with nobody. */
function ownMemory(pid: string): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = ['Private_Clean', 'Private_Dirty'].map((key) =>
    Number(new RegExp(`${key}:\\s+(\\d+)`).exec(text)?.[1]),
  );
  return kilobytes.reduce((sum, one) => sum + one, 0) / 1024;
}
