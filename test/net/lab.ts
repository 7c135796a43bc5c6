/** A fake host with a network layer of its own, and containers that are namespaces and no more. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { HawserError } from '../../errors.ts';
import { openIpam } from '../../ipam/ipam.ts';
import { pinNetns, unpinNetns } from '../../native/netns.ts';
import { runNft } from '../../native/nftables.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import type { Endpoint, Sandbox } from '../../net/model.ts';
import { type Networking, openNetworking } from '../../net/networking.ts';
import { parsePort } from '../../net/ports/parse.ts';
import type { AttachRequest } from '../../net/request.ts';
import { openStore } from '../../store/lmdb.ts';
import type { Store } from '../../store/store.ts';
import { type FakeHost, makeFakeHost, type Place, place } from '../support/fakehost.ts';

export interface Lab {
  host: FakeHost;
  store: Store;
  networking: Networking;
  /** What the network layer told so far, and where to make it fail: called after each step. */
  notes: string[];
  onStep: (step: string) => void;
  /** A namespace of its own, attached to nothing. */
  sandbox(name: string): Sandbox & Place;
  /** A sandbox attached to a network; `ports` in `-p` syntax. */
  container(
    name: string,
    request?: Partial<Omit<AttachRequest, 'ports'>> & { ports?: string[] },
  ): Container;
  /** A server that answers `NAME from ADDRESS` on TCP and UDP ports. */
  serve(at: Place, name: string, ...ports: number[]): Promise<void>;
  /** All that attaching may change, in the kernel and in the store, to be compared. */
  snapshot(): unknown;
  dispose(): Promise<void>;
}

export interface Container extends Place {
  sandbox: Sandbox;
  endpoint: Endpoint;
  address: string;
}

export function makeLab(options: { uplink?: boolean } = {}): Lab {
  const host = makeFakeHost(options);
  const store = openStore(join(host.root, 'state'));
  const pins = join(host.run, 'sandboxes');
  mkdirSync(pins);
  const made: string[] = [];
  const servers: ChildProcess[] = [];
  const lab: Lab = {
    host,
    store,
    notes: [],
    onStep: () => {},
    networking: openNetworking({
      store,
      ipam: openIpam(store),
      onStep: (step) => lab.onStep(step),
      onNote: (note) => lab.notes.push(note),
    }),

    sandbox(name) {
      const path = join(pins, name);
      pinNetns(path);
      made.push(path);
      return { id: name, path, ...place(path) };
    },

    container(name, { ports = [], ...request } = {}) {
      const { id, path, ...there } = lab.sandbox(name);
      const sandbox = { id, path };
      const endpoint = host.inside(() =>
        lab.networking.attach({
          network: 'bridge',
          owner: name,
          sandbox,
          ports: ports.map(parsePort),
          ...request,
        }),
      );
      return { ...there, sandbox, endpoint, address: endpoint.addresses[0]?.address ?? '' };
    },

    async serve(at, name, ...ports) {
      const script = new URL('echo-server.mjs', import.meta.url).pathname;
      const [file = '', ...args] = at.argv([process.execPath, script, name, ...ports.map(String)]);
      const server = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.stdout.once('data', () => resolve());
        server.once('exit', () => reject(new Error(`the server ${name} ended`)));
      });
    },

    snapshot: () => host.inside(() => snapshot(lab)),

    async dispose() {
      await Promise.all(servers.map(end));
      lab.networking.close();
      store.close();
      for (const path of made) unpinNetns(path);
      host.dispose();
    },
  };
  return lab;
}

function snapshot({ store, networking }: Lab): unknown {
  using rtnl = Rtnetlink.open();
  const tables = [
    'networks',
    'network-names',
    'endpoints',
    'network-endpoints',
    'names',
    'addresses',
    'ports',
    'held',
    'owners',
  ];
  return {
    links: rtnl.links().map(({ name, master, up, alias }) => ({ name, master, up, alias })),
    addresses: rtnl
      .addresses()
      .map(({ address }) => address)
      .filter((one) => !one.startsWith('fe80:')),
    rules: withoutHandles(runNft('list ruleset')),
    store: tables.map((table) => [table, [...store.table(table).entries()]]),
    networks: networking.networks.list().map(({ name }) => name),
  };
}

/** Handles count up whatever comes and goes, and the elements of a set have no order. */
function withoutHandles(document: unknown): unknown {
  return JSON.parse(
    JSON.stringify(document ?? null, (key, value) => {
      if (key === 'handle') return undefined;
      if (key !== 'elem' || !Array.isArray(value)) return value;
      return value.map((element) => JSON.stringify(element)).sort();
    }),
  );
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.stdin?.end();
  await ended;
}

/** The first line that a server answers, or undefined if there is no answer within a second. */
export function ask(
  from: Place,
  protocol: 'tcp' | 'udp',
  address: string,
  port: number,
): Promise<string | undefined> {
  const script = `exec 3<>/dev/${protocol}/${address}/${port} || exit 1; ${
    protocol === 'udp' ? 'echo hello >&3;' : ''
  } head -n 1 <&3`;
  const [file = '', ...args] = from.argv(['timeout', '1', 'bash', '-c', script]);
  return new Promise((resolve) => {
    execFile(file, args, { timeout: 5000 }, (_, stdout) => {
      resolve(stdout === '' ? undefined : stdout.trim());
    });
  });
}

/** The error that `work` ends with; it must be one of ours. */
export function refusal(work: () => unknown): HawserError {
  try {
    work();
  } catch (error) {
    if (error instanceof HawserError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}
