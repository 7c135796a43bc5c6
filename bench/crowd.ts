/**
 * Attachments by 8 processes at once, on one network: hawser's by its library to namespaces that are
 * there, docker's by its API to containers that run. Neither pays for the start of a program.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { openEngine } from '../engine/open.ts';
import { packageRoot } from '../engine/paths.ts';
import { pinNetns, unpinNetns } from '../native/netns.ts';
import { makeFakeHost } from '../test/support/fakehost.ts';
import { dockerPeer } from './docker-peer.ts';
import { atLeast, median, type Row } from './measure.ts';
import { makePlace } from './place.ts';

const PROCESSES = 8;
const EACH = 25;
/** As many a process as make a rate: a running container takes docker a third of a second. */
const DOCKER_EACH = 5;
const NETWORK = 'crowd';

export const name = `attachments by ${PROCESSES} processes at once`;

export async function run(): Promise<{ rows: Row[] }> {
  // Before and after, so that what else the machine does falls on both.
  const runs = [await byHawser()];
  const docker = await byDocker();
  runs.push(await byHawser());
  const hawser = median(runs.map(({ rate }) => rate));
  const whole = Math.min(...runs.map((run) => run.whole));
  const count = PROCESSES * EACH;
  return {
    rows: [
      { what: 'docker: attachments a second', value: docker, unit: '' },
      { what: `hawser: the same, ${count} in all`, value: hawser, unit: '' },
      atLeast('hawser / docker', hawser / docker, 4, 'x'),
      atLeast('of which are there, each with an address of its own', whole, count, ''),
    ],
  };
}

async function byHawser(): Promise<{ rate: number; whole: number }> {
  const host = makeFakeHost({ uplink: true });
  const { root, run } = host;
  const engine = openEngine({ root, run, cgroupParent: 'hawser-bench' });
  const pins: string[] = [];
  try {
    const subnets = [{ subnet: '10.5.0.0/16' }];
    host.inside(() => engine.networks.create({ name: NETWORK, subnets }));
    const workers = Array.from({ length: PROCESSES }, (_, process) => {
      for (let i = 0; i < EACH; i++) pins.push(join(host.run, `p${process}-${i}`));
      const args = ['hawser', root, run, NETWORK, `p${process}-`, `${EACH}`];
      return host.argv([globalThis.process.execPath, worker(), ...args]);
    });
    for (const pin of pins) pinNetns(pin);
    const rate = (PROCESSES * EACH) / (await together(workers));
    const endpoints = engine.endpoints({ network: NETWORK });
    const addresses = new Set(endpoints.map((one) => one.addresses[0]?.address));
    const links = host.exec(['ip', '-br', 'link']).match(/^hv/gm) ?? [];
    return { rate, whole: Math.min(addresses.size, links.length) };
  } finally {
    engine.close();
    for (const pin of pins) unpinNetns(pin);
    host.dispose();
  }
}

async function byDocker(): Promise<number> {
  const place = await makePlace();
  try {
    const { docker, socket } = await dockerPeer(place.tar);
    docker('network', 'create', NETWORK);
    const workers = Array.from({ length: PROCESSES }, () => {
      const containers = Array.from({ length: DOCKER_EACH }, () =>
        docker('run', '-d', 'busybox', '/bin/busybox', 'sleep', '600').trim(),
      );
      return [process.execPath, worker(), 'docker', socket, NETWORK, ...containers];
    });
    return (PROCESSES * DOCKER_EACH) / (await together(workers));
  } finally {
    await place.dispose();
  }
}

/** Bundled beside the benchmarks (scripts/bench.mjs). */
function worker(): string {
  return join(packageRoot(), 'build/crowd-worker.js');
}

/** Starts them all, lets them begin at once, and returns how long the slowest took (s). */
async function together(commands: string[][]): Promise<number> {
  const children = commands.map(([file = '', ...args]) =>
    spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  await Promise.all(children.map(line));
  const start = process.hrtime.bigint();
  for (const { stdin } of children) stdin?.write('go\n');
  await Promise.all(children.map(line));
  return Number(process.hrtime.bigint() - start) / 1e9;
}

async function line(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a process that attaches ended with ${code}`);
  });
  await Promise.race([once(child.stdout ?? child, 'data'), ended]);
  ended.catch(() => {}); // its end after that is expected
}
