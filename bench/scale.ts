/**
 * What does not grow with what is there already: an attach beside 999 endpoints of its network, the
 * first packet of a flow beside 10,000 published ports, the list of 1,000 networks. Each beside a host
 * that has next to nothing, in turn.
 */
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { pinNetns, unpinNetns } from '../native/netns.ts';
import { type Container, type Lab, makeLab } from '../test/net/lab.ts';
import { HOST_ADDRESS } from '../test/support/fakehost.ts';
import { inhabit } from '../test/support/inhabit.ts';
import { median, type Row, settle, timed, under } from './measure.ts';
import { makePlace } from './place.ts';

const ENDPOINTS = 999;
const BLUE = { name: 'blue', subnets: [{ subnet: '10.5.0.0/16' }] };
const NETWORKS = 1000;
const ROUNDS = 31;
const CONNECTIONS = 300;

export const name = 'what does not grow with what is there';

export async function run(): Promise<{ rows: Row[] }> {
  return { rows: [...(await endpoints()), ...(await ports()), ...(await networks())] };
}

/** The same attach on an empty host and on a full one; neither pays for the making of its namespace. */
async function endpoints(): Promise<Row[]> {
  const labs = { first: makeLab({ uplink: true }), last: makeLab({ uplink: true }) };
  const times = { first: [] as number[], last: [] as number[] };
  try {
    for (const lab of Object.values(labs)) {
      lab.host.inside(() => lab.networking.networks.create(BLUE));
    }
    for (let i = 0; i < ENDPOINTS; i++) labs.last.container(`c${i}`, { network: 'blue' });
    for (let round = 0; round < ROUNDS; round++) {
      for (const key of ['first', 'last'] as const) {
        settle();
        const time = attachOnce(labs[key]);
        if (round > 0) times[key].push(time);
      }
    }
  } finally {
    for (const lab of Object.values(labs)) await lab.dispose();
  }
  const [first, last] = [median(times.first), median(times.last)];
  return [
    { what: 'attach to a network: its 1st endpoint', value: first, unit: 'ms' },
    { what: 'its 1,000th', value: last, unit: 'ms' },
    under('ratio', last / first, 1.5, 'x'),
  ];
}

function attachOnce({ host, networking }: Lab): number {
  const sandbox = { id: 'probe', path: join(host.run, 'probe') };
  pinNetns(sandbox.path);
  const time = host.inside(() => {
    const time = timed(() => networking.attach({ network: 'blue', sandbox, owner: 'probe' }));
    networking.detach({ sandbox: 'probe', ending: true });
    return time;
  });
  unpinNetns(sandbox.path);
  return time;
}

/** From outside, by a port of the host: the kernel decides on the way of a flow at its first packet. */
async function ports(): Promise<Row[]> {
  const labs = { one: makeLab({ uplink: true }), many: makeLab({ uplink: true }) };
  const times = { one: [] as number[], many: [] as number[] };
  const servers: Server[] = [];
  try {
    const published = { one: '29999:19999', many: '20000-29999:10000-19999' };
    for (const key of ['one', 'many'] as const) {
      const server = labs[key].container('server', { ports: [published[key]] });
      servers.push(await listening(server, 19999));
    }
    for (let round = 0; round < CONNECTIONS; round++) {
      for (const key of ['one', 'many'] as const) {
        const time = await connecting(labs[key], 29999);
        if (round >= 20) times[key].push(time);
      }
    }
  } finally {
    for (const server of servers) server.close();
    for (const lab of Object.values(labs)) await lab.dispose();
  }
  const [one, many] = [median(times.one), median(times.many)];
  return [
    { what: 'TCP connection through 1 published port', value: one, unit: 'ms' },
    { what: 'through one of 10,000', value: many, unit: 'ms' },
    under('ratio', many / one, 1.2, 'x'),
  ];
}

async function listening({ netns }: Container, port: number): Promise<Server> {
  const leave = inhabit(netns);
  try {
    const server = createServer((socket) => socket.on('error', () => {})).listen(port, '0.0.0.0');
    await once(server, 'listening');
    return server;
  } finally {
    leave();
  }
}

async function connecting({ host }: Lab, port: number): Promise<number> {
  const leave = inhabit(host.outside?.netns ?? host.netns);
  try {
    const start = process.hrtime.bigint();
    const socket = connect({ host: HOST_ADDRESS, port });
    await once(socket, 'connect');
    const time = Number(process.hrtime.bigint() - start) / 1e6;
    socket.resetAndDestroy();
    return time;
  } finally {
    leave();
  }
}

async function networks(): Promise<Row[]> {
  const place = await makePlace();
  try {
    const { networks } = place.engine;
    for (let i = 0; i < NETWORKS; i++) {
      const subnet = `10.${100 + (i >> 8)}.${i & 255}.0/24`;
      networks.create({ name: `net${i}`, subnets: [{ subnet }] });
    }
    const listing = Array.from({ length: ROUNDS }, () => timed(() => networks.list()));
    const command = Array.from({ length: 7 }, () => timed(() => place.hawser('network', 'ls')));
    return [
      under('1,000 networks listed', median(listing), 100, 'ms'),
      {
        what: 'by hawser network ls, start of the program included',
        value: median(command),
        unit: 'ms',
      },
    ];
  } finally {
    await place.dispose();
  }
}
