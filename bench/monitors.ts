/** The memory of what stays beside each running container, and of docker's shims. */
import { readFileSync } from 'node:fs';
import type { Engine } from '../engine/engine.ts';
import { dockerPeer } from './docker-peer.ts';
import { median, type Row, under } from './measure.ts';
import { makePlace } from './place.ts';

const CONTAINERS = 100;
const SHIMS = 5;
const MIB = 1024;

export const name = `memory beside each of ${CONTAINERS} running containers`;

export async function run(): Promise<{ rows: Row[] }> {
  const place = await makePlace();
  try {
    const monitors = await startMany(place.engine);
    const peer = await dockerPeer(place.tar);
    for (let i = 0; i < SHIMS; i++) {
      peer.docker('run', '--detach', '--network', 'none', 'busybox', 'sleep', '1000');
    }
    const shims = peer.processes('containerd-shim-runc-v2');
    if (shims.length !== SHIMS) throw new Error(`${shims.length} shims for ${SHIMS} containers`);
    const rss = monitors.map((pid) => memory(pid, 'Rss'));
    return {
      rows: [
        {
          what: 'docker shim, Rss',
          value: median(shims.map((pid) => memory(pid, 'Rss'))),
          unit: 'MiB',
        },
        {
          what: 'docker shim, Pss',
          value: median(shims.map((pid) => memory(pid, 'Pss'))),
          unit: 'MiB',
        },
        { what: 'hawser monitor, Rss', value: median(rss), unit: 'MiB' },
        {
          what: 'hawser monitor, Pss',
          value: median(monitors.map((pid) => memory(pid, 'Pss'))),
          unit: 'MiB',
        },
        under('hawser monitor, Rss of the largest', Math.max(...rss), 1, 'MiB'),
      ],
    };
  } finally {
    await place.dispose();
  }
}

/** Starts the containers, and gives their monitors' pids: each is the parent of the container's process. */
async function startMany({ containers }: Engine): Promise<number[]> {
  const monitors: number[] = [];
  for (let i = 0; i < CONTAINERS; i++) {
    const { id } = containers.create({ image: 'busybox', command: ['sleep', '1000'] });
    await containers.start(id);
    const { pid } = containers.inspect(id).state;
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    monitors.push(Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1]));
  }
  return monitors;
}

/** MiB; a line of /proc/PID/smaps_rollup, which has kB. */
function memory(pid: number, kind: 'Rss' | 'Pss'): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const line = new RegExp(`^${kind}:\\s*(\\d+) kB$`, 'm').exec(rollup);
  return Number(line?.[1]) / MIB;
}
