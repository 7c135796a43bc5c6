import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { main } from '../../cli/program.ts';
import type { Container, CreateRequest } from '../../engine/container.ts';
import type { Engine, EngineOptions } from '../../engine/engine.ts';
import type { Event, EventOptions } from '../../engine/event.ts';
import { HawserError } from '../../errors.ts';
import type { Endpoint, Network } from '../../net/model.ts';
import type { PolicyRule } from '../../net/policy/policy.ts';
import type { Session } from '../../runtime/process.ts';
import type { Exit } from '../../runtime/spec.ts';

export const webId = 'a1'.repeat(32);
export const blueId = 'b2'.repeat(32);

export const endpoint: Endpoint = {
  key: `${webId}/eth0`,
  sandbox: { id: webId, path: '/run/hawser/netns/a1' },
  network: blueId,
  ifname: 'eth0',
  hostIfname: 'hv0123456789',
  mac: '02:42:0a:05:00:02',
  mtu: 1500,
  addresses: [{ address: '10.5.0.2', prefix: 24, gateway: '10.5.0.1' }],
  ports: [
    { protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 8080, containerPort: 80, count: 1 },
    { protocol: 'udp', hostIp: '127.0.0.1', hostPort: 9000, containerPort: 5000, count: 10 },
  ],
  aliases: [],
  names: ['web1'],
  dns: [],
  owner: 'web',
  created: '2026-01-01T00:00:00.000Z',
};

export const blue: Network = {
  id: blueId,
  name: 'blue',
  driver: 'bridge',
  created: '2026-01-01T00:00:00.000Z',
  internal: false,
  subnets: [{ subnet: '10.5.0.0/24', gateway: '10.5.0.1', aux: {} }],
  options: {},
  labels: {},
  bridge: 'br-b2b2b2b2b2b2',
};

export function container(change: Partial<Container> = {}): Container {
  return {
    id: webId,
    name: 'web',
    created: new Date(Date.now() - 200_000).toISOString(),
    image: { id: 'c3'.repeat(32), reference: 'busybox' },
    process: {
      args: ['sh', '-c', 'while :; do date; done'],
      env: [],
      workingDir: '/',
      user: '',
      tty: false,
      stdin: false,
    },
    hostname: 'a1a1a1a1a1a1',
    mounts: [],
    readonly: false,
    network: {
      mode: { kind: 'own' },
      attachments: [{ network: blueId }],
      ports: [],
      exposed: ['80/tcp', '443/tcp'],
      dns: [],
      dnsSearch: [],
      dnsOptions: [],
      extraHosts: [],
    },
    limits: {},
    capAdd: [],
    capDrop: [],
    privileged: false,
    noNewPrivileges: false,
    seccomp: 'default',
    sysctls: {},
    labels: {},
    stopSignal: 'SIGTERM',
    autoRemove: false,
    state: {
      status: 'running',
      pid: 7,
      started: new Date(Date.now() - 185_000).toISOString(),
      oomKilled: false,
    },
    endpoints: [endpoint],
    ...change,
  };
}

/** A process that a test plays: it writes to the streams, reads what was typed, and says the end. */
export class FakeSession implements Session {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly exit: Promise<Exit>;
  readonly sizes: [number, number][] = [];
  readonly signals: number[] = [];
  isDone = false;
  isClosed = false;
  #end: (exit: Exit) => void = () => {};
  /** Its monitor has gone. */
  fail: (error: Error) => void = () => {};

  constructor() {
    this.exit = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.fail = reject;
    });
  }

  end(code: number): void {
    this.stdout.end();
    this.stderr.end();
    this.#end({ code, oomKilled: false, finished: new Date().toISOString() });
  }

  async start() {}
  resize(rows: number, columns: number) {
    this.sizes.push([rows, columns]);
  }
  async kill(signal: number) {
    this.signals.push(signal);
  }
  own() {}
  done() {
    this.isDone = true;
  }
  close() {
    this.isClosed = true;
  }
}

const carried = {
  rx: { bytes: 1_234_567, packets: 1000, errors: 0, drops: 2 },
  tx: { bytes: 800, packets: 10, errors: 0, drops: 0 },
};

type Calls = [name: string, ...args: unknown[]][];

/** Everything the commands call, noted in `calls`; a test replaces what it is about. */
const rule: PolicyRule = {
  id: 1,
  verdict: 'allow',
  from: 'web',
  to: 'label=role=db',
  ports: [
    { protocol: 'tcp', first: 5432, last: 5432 },
    { protocol: 'udp', first: 53, last: 54 },
  ],
};

export class FakeEngine implements Engine {
  readonly calls: Calls = [];
  readonly session = new FakeSession();
  shown: Container[] = [container()];
  isClosed = false;

  #note<R>(name: string, args: unknown[], result: R): R {
    this.calls.push([name, ...args]);
    return result;
  }

  #find(ref: string): Container {
    const found = this.shown.find(({ name, id }) => name === ref || id.startsWith(ref));
    if (!found) throw new HawserError('not-found', `find ${ref}: no such container`);
    return found;
  }

  containers: Engine['containers'] = {
    create: (request: CreateRequest) => {
      const made = container({
        name: request.name ?? 'web',
        process: {
          ...container().process,
          tty: request.tty ?? false,
          stdin: request.stdin ?? false,
        },
        state: { status: 'created', oomKilled: false },
      });
      this.shown = [made];
      return this.#note('create', [request], made);
    },
    start: async (ref, options) => {
      const found = this.#find(ref);
      found.state.status = 'running';
      return this.#note('start', [found.name, options], options?.attach ? this.session : undefined);
    },
    attach: async (ref) => this.#note('attach', [ref], this.session),
    exec: async (ref, request) => this.#note('exec', [ref, request], this.session),
    stop: async (ref, options) => this.#note('stop', [this.#find(ref).name, options], undefined),
    kill: async (ref, signal) => this.#note('kill', [this.#find(ref).name, signal], undefined),
    wait: async (ref) =>
      this.#note('wait', [ref], { code: 3, oomKilled: false, finished: '2026-01-01T00:00:00Z' }),
    logs: (ref, options) => this.#note('logs', [ref, options], logLines()),
    list: (options) => this.#note('list', [options], this.shown),
    inspect: (ref) => this.#find(ref),
    remove: async (ref, options) =>
      this.#note('remove', [this.#find(ref).name, options], undefined),
    settle: (id) => this.#note('settle', [id], undefined),
  };

  networks: Engine['networks'] = {
    create: (spec) => this.#note('network create', [spec], blue),
    list: () => [blue],
    counters: () => new Map([[blueId, carried]]),
    inspect: (ref) => {
      if (ref !== 'blue') throw new HawserError('not-found', `find ${ref}: no such network`);
      return {
        ...blue,
        endpoints: [endpoint],
        leases: [],
        containers: [{ id: webId, name: 'web' }],
      };
    },
    remove: (ref) => this.#note('network remove', [ref], blue),
    prune: (filters) => this.#note('network prune', [filters], [blue]),
    connect: (...args) => this.#note('connect', args, undefined),
    disconnect: (...args) => this.#note('disconnect', args, undefined),
    policy: {
      of: () => ({ default: 'deny', rules: [rule] }),
      setDefault: (...args) => this.#note('policy default', args, undefined),
      add: (...args) => this.#note('policy add', args, rule),
      remove: (...args) => this.#note('policy remove', args, undefined),
      replace: (...args) => this.#note('policy replace', args, { default: 'deny', rules: [rule] }),
    },
    shape: (...args) => this.#note('shape', args, undefined),
  };

  images: Engine['images'] = {
    import: async (tar, reference) => {
      const chunks: Buffer[] = [];
      for await (const chunk of tar) chunks.push(chunk);
      return this.#note('import', [Buffer.concat(chunks).toString(), reference], this.image);
    },
    list: () => [this.image],
    inspect: (ref) => {
      if (ref !== 'busybox') throw new HawserError('not-found', `find ${ref}: no such image`);
      return this.image;
    },
    remove: (ref, options) =>
      this.#note('image remove', [ref, options], {
        untagged: ['busybox:latest'],
        deleted: [this.image.id],
      }),
  };

  readonly image = {
    id: 'c3'.repeat(32),
    references: ['busybox:latest', 'localhost:5000/box:1'],
    created: new Date(Date.now() - 7_200_000).toISOString(),
    size: 4_261_550,
    layers: ['d4'.repeat(32)],
    config: {},
  };

  system: Engine['system'] = {
    info: () => ({
      version: '0.1.0',
      root: '/var/lib/hawser',
      run: '/run/hawser',
      kernel: '6.18.0',
      cgroup: 'v1',
      cpus: 2,
      memory: 8 * 1024 ** 3,
      containers: { running: 1, created: 0, exited: 2 },
      networks: 1,
      images: 1,
      features: [{ name: 'ipvlan', available: false, detail: 'no such module' }],
    }),
    pools: {
      list: () => [{ base: '172.18.0.0/15', size: 24, subnets: 512, networks: ['blue', 'red'] }],
      set: (pools) => this.#note('set pools', [pools], undefined),
    },
    reconcile: () => [{ kind: 'link', what: 'link hv1234 belongs to no endpoint' }],
    reload: () => this.#note('reload', [], undefined),
    answerNames: async () => this.#note('names', [], undefined),
    reset: async () => this.#note('reset', [], undefined),
  };

  attach = () => endpoint;
  detach = () => undefined;
  shape = () => endpoint;
  endpoints = () => [endpoint];
  events = (options?: EventOptions) => this.#note('events', [options], happened());
  close() {
    this.isClosed = true;
  }
}

async function* happened(): AsyncGenerator<Event> {
  yield {
    time: '2026-01-01T00:00:00.000Z',
    type: 'container',
    action: 'exec_start',
    id: webId,
    name: 'web',
    attributes: { image: 'busybox', execID: 'beef', command: 'sh -c true' },
  };
  yield {
    time: '2026-01-01T00:00:00.001Z',
    type: 'network',
    action: 'disconnect',
    id: blueId,
    name: 'blue',
    attributes: { type: 'bridge', container: webId, containerName: 'web', interface: 'eth0' },
  };
}

async function* logLines() {
  yield {
    time: '2026-01-01T00:00:00.000000001Z',
    stream: 'stdout' as const,
    data: Buffer.from('one\n'),
  };
  yield {
    time: '2026-01-01T00:00:00.000000002Z',
    stream: 'stderr' as const,
    data: Buffer.from('bad\n'),
  };
  yield {
    time: '2026-01-01T00:00:00.000000003Z',
    stream: 'stdout' as const,
    data: Buffer.from('half '),
  };
  yield {
    time: '2026-01-01T00:00:00.000000004Z',
    stream: 'stdout' as const,
    data: Buffer.from('a line\n'),
  };
}

export interface Terminal {
  stdin: PassThrough & { isTTY?: boolean; setRawMode?: (raw: boolean) => void };
  stdout: PassThrough & { isTTY?: boolean; rows?: number; columns?: number };
  stderr: PassThrough;
  signals: EventEmitter;
  /** What setRawMode was called with. */
  raw: boolean[];
}

export function terminal(isTTY = false): Terminal {
  const raw: boolean[] = [];
  const stdin = Object.assign(
    new PassThrough(),
    isTTY && { isTTY, setRawMode: (on: boolean) => void raw.push(on) },
  );
  const stdout = Object.assign(new PassThrough(), isTTY && { isTTY, rows: 40, columns: 120 });
  return { stdin, stdout, stderr: new PassThrough(), signals: new EventEmitter(), raw };
}

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
  engine: FakeEngine;
  /** What the engine was opened with. */
  opened: EngineOptions | undefined;
}

export interface Setting {
  engine?: FakeEngine;
  env?: Record<string, string>;
  cwd?: string;
  terminal?: Terminal;
}

/** Runs a command line against a fake engine, to its end. */
export async function hawser(argv: string[], setting: Setting = {}): Promise<Outcome> {
  const { engine = new FakeEngine(), env = {}, cwd = '/', terminal: at = terminal() } = setting;
  let opened: EngineOptions | undefined;
  const { stdin, stdout, stderr, signals } = at;
  const code = await main(argv, {
    stdin,
    stdout,
    stderr,
    signals,
    env,
    cwd,
    engine: (options) => {
      opened = options;
      return engine;
    },
  });
  const text = (stream: PassThrough) => String(stream.read() ?? '');
  return { code, stdout: text(stdout), stderr: text(stderr), engine, opened };
}
