/** What is told of what happens, whoever does it. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Event, EventFilters } from '../../engine/event.ts';
import { type EventLog, type News, openEventLog } from '../../engine/events/log.ts';
import { memoryStore } from '../../store/memory.ts';
import { type Lab, makeLab } from './lab.ts';

const PROGRAM = new URL('../../bin/hawser', import.meta.url).pathname;
let lab: Lab;
let start: Date;

beforeAll(async () => {
  lab = await makeLab();
  lab.engine.networks.create({ name: 'blue', labels: { tier: 'web' } });
});
afterAll(() => lab.dispose());
beforeEach(async () => {
  await new Promise((resolve) => setTimeout(resolve, 2)); // a moment that nothing has happened in
  start = new Date();
});

/** Everything that has happened in this test so far. */
async function happened(filters: EventFilters = {}): Promise<Event[]> {
  const events: Event[] = [];
  const until = new Date(Date.now() + 1);
  for await (const event of lab.engine.events({ since: start, until, filters })) events.push(event);
  return events;
}

const words = (events: Event[]) => events.map(({ type, action }) => `${type} ${action}`);

function create(name: string, command: string[], more: object = {}): string {
  const request = { image: 'busybox', name, command, networks: ['blue'], labels: { a: 'b' } };
  return lab.engine.containers.create({ ...request, ...more }).id;
}

describe('the life of a container', () => {
  it('is told in the order of docker, with what belongs to it', async () => {
    const { containers } = lab.engine;
    const id = create('web', ['sleep', '1000']);
    await containers.start(id);
    const session = await containers.exec(id, { command: ['true'] });
    session.stdout.resume();
    await session.exit;
    session.done();
    await containers.stop(id, { signal: 'KILL' });
    await containers.remove(id);

    const events = await happened();
    expect(words(events)).toEqual([
      'container create',
      'network connect',
      'container start',
      'container exec_create',
      'container exec_start',
      'container exec_die',
      'container kill',
      'container die',
      'network disconnect',
      'container stop',
      'container destroy',
    ]);
    const of = (action: string) => events.find((event) => event.action === action);
    expect(of('create')).toMatchObject({
      id,
      name: 'web',
      attributes: { image: 'busybox', a: 'b' },
    });
    expect(of('connect')).toMatchObject({
      id: lab.engine.networks.inspect('blue').id,
      name: 'blue',
      attributes: {
        type: 'bridge',
        tier: 'web',
        container: id,
        containerName: 'web',
        interface: 'eth0',
      },
    });
    expect(of('exec_start')?.attributes.command).toBe('true');
    expect(of('exec_die')?.attributes).toMatchObject({
      exitCode: '0',
      execID: of('exec_create')?.attributes.execID,
    });
    expect(of('kill')?.attributes.signal).toBe('9');
    expect(of('die')?.attributes.exitCode).toBe('137');
    const times = events.map(({ time }) => time);
    expect(times).toEqual(times.toSorted());
  });

  it('is told to its end when nobody attends, by its monitor', async () => {
    const id = create('brief', ['sh', '-c', 'exit 7'], { autoRemove: true });
    await lab.engine.containers.start(id);
    await expect
      .poll(async () => words(await happened({ container: ['brief'] })))
      .toEqual([
        'container create',
        'network connect',
        'container start',
        'container die',
        'network disconnect',
        'container destroy',
      ]);
    expect((await happened({ event: ['die'] }))[0]?.attributes.exitCode).toBe('7');
  });

  it('is told of one that could not be started, and of who attaches', async () => {
    const id = create('broken', ['/nowhere']);
    await expect(lab.engine.containers.start(id, { attach: true })).rejects.toThrow();
    const events = await happened({ type: ['container'] });
    expect(words(events)).toEqual([
      'container create',
      'container attach',
      'container start',
      'container die',
    ]);
    expect(events.at(-1)?.attributes.exitCode).toBe('127');
    await lab.engine.containers.remove(id);
  });

  it('is told of one that runs out of memory', async () => {
    const hog = 'a=x; while :; do a=$a$a$a$a; done';
    const id = create('hog', ['sh', '-c', hog], { limits: { memory: 16 * 2 ** 20 } });
    await lab.engine.containers.start(id);
    await lab.engine.containers.wait(id);
    lab.engine.containers.settle(id);
    expect(words(await happened({ event: ['oom', 'die'] }))).toEqual([
      'container oom',
      'container die',
    ]);
    await lab.engine.containers.remove(id);
  });
});

it('networks, and namespaces of somebody else, are told of', async () => {
  lab.engine.networks.create({ name: 'green' });
  const path = `${lab.host.dir}/foreign`;
  execFileSync('sh', ['-c', `touch ${path} && unshare --net=${path} true`]);
  lab.engine.attach({ network: 'green', sandbox: { id: 'foreign', path }, owner: 'somebody' });
  lab.engine.detach({ sandbox: 'foreign' });
  execFileSync('umount', [path]);
  lab.engine.networks.remove('green');
  const events = await happened({ network: ['green'] });
  expect(words(events)).toEqual([
    'network create',
    'network connect',
    'network disconnect',
    'network destroy',
  ]);
  expect(events[1]?.attributes).toMatchObject({ container: 'foreign', containerName: 'somebody' });
});

it('what was undone has not happened', async () => {
  const id = create('undone', ['sleep', '1000']);
  lab.failAfter(3);
  await expect(lab.engine.containers.start(id)).rejects.toThrow('injected');
  lab.failAfter(undefined);
  expect(words(await happened())).toEqual(['container create']);
  await lab.engine.containers.remove(id);
});

it('what another process does is told as it happens, until the follower leaves', async () => {
  const over = new AbortController();
  const events = lab.engine.events({ filters: { type: ['network'] }, signal: over.signal });
  const told: string[] = [];
  const following = (async () => {
    for await (const { action, name } of events) {
      told.push(`${action} ${name}`);
      if (action === 'destroy') over.abort();
    }
  })();
  const hawser = (...args: string[]) => execFileSync(PROGRAM, args, { env: lab.env });
  hawser('network', 'create', 'red');
  hawser('network', 'rm', 'red');
  await following;
  expect(told).toEqual(['create red', 'destroy red']);
});

describe('filters', () => {
  it.each([
    [{ event: ['create'], type: ['container'] }, ['container create']],
    [{ label: ['a=b'] }, ['container create', 'container destroy']],
    [{ label: ['a=c'] }, []],
    [{ label: ['tier'] }, []],
    [{ image: ['busybox'] }, ['container create', 'container destroy']],
    [{ image: ['busybo'] }, []],
    [{ container: ['filtered'] }, ['container create', 'container destroy']],
    [{ network: ['filtered'] }, []],
    [{ event: ['create', 'destroy'], container: ['nobody'] }, []],
  ] satisfies [EventFilters, string[]][])('%j', async (filters, expected) => {
    const id = create('filtered', ['true']);
    await lab.engine.containers.remove(id);
    expect(words(await happened(filters))).toEqual(expected);
  });

  it('know an id by its beginning', async () => {
    const id = create('short', ['true']);
    expect(await happened({ container: [id.slice(0, 12)] })).toHaveLength(1);
    await lab.engine.containers.remove(id);
  });
});

describe('the log', () => {
  const news: News = { type: 'network', action: 'create', id: 'a', name: 'n', attributes: {} };
  const positions = (log: EventLog, from: number) => Array.from(log.after(from), ([at]) => at);

  it('remembers the last ten thousand', () => {
    const log = openEventLog(memoryStore());
    expect(log.newest()).toBe(0);
    for (let i = 0; i < 21; i++) log.add(...Array<News>(500).fill(news));
    expect(log.newest()).toBe(10_500);
    expect(positions(log, 0)).toHaveLength(10_000);
    expect(positions(log, 10_498)).toEqual([10_499, 10_500]);
  });

  it('has nothing of a transaction that failed', () => {
    const store = memoryStore();
    const log = openEventLog(store);
    const failing = () =>
      store.transaction(() => {
        log.add(news);
        throw new Error('no');
      });
    expect(failing).toThrow('no');
    expect(log.newest()).toBe(0);
  });
});
