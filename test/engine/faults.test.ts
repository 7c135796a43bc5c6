/**
 * A step that fails is as if it had never begun, and a process that is killed leaves nothing that
 * `reconcile` does not take away: after each and every step of each action.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, makeLab, type Snapshot } from './lab.ts';

const PROGRAM = join(import.meta.dirname, 'program.mjs');
const MOST_STEPS = 60;

let lab: Lab;
let empty: Snapshot;

beforeAll(async () => {
  lab = await makeLab();
  // By their names, the published ports are blue's, and amber's once that is connected.
  for (const name of ['blue', 'amber']) lab.engine.networks.create({ name });
  // The first container on a network brings up what all later ones share.
  await start();
  lab.engine.networks.connect('amber', 'subject');
  await clean();
  empty = lab.snapshot();
});
afterAll(() => lab.dispose());

const nothing = async () => {};

async function create(): Promise<void> {
  lab.engine.containers.create({
    image: 'busybox',
    name: 'subject',
    command: ['sleep', '300'],
    networks: ['bridge', 'blue'],
    ports: ['8080:80'],
  });
}

async function start(): Promise<void> {
  await create();
  await lab.engine.containers.start('subject');
}

async function clean(): Promise<void> {
  lab.failAfter(undefined);
  for (const { id } of lab.engine.containers.list({ all: true })) {
    await lab.engine.containers.remove(id, { force: true });
  }
}

interface Action {
  prepare: () => Promise<void>;
  act: () => Promise<void>;
  /** Making is all or nothing; unmaking may stop halfway, and is then done by asking again. */
  atomic: boolean;
}

const actions: Record<string, Action> = {
  create: { prepare: nothing, act: create, atomic: true },
  start: {
    prepare: create,
    act: async () => void (await lab.engine.containers.start('subject')),
    atomic: true,
  },
  connect: {
    prepare: start,
    act: async () => lab.engine.networks.connect('amber', 'subject'),
    atomic: true,
  },
  disconnect: {
    prepare: start,
    act: async () => lab.engine.networks.disconnect('blue', 'subject'),
    atomic: false,
  },
  shape: {
    prepare: start,
    act: async () => lab.engine.networks.shape('blue', 'subject', { egressRate: 10_000_000 }),
    atomic: true,
  },
  stop: {
    prepare: start,
    act: () => lab.engine.containers.stop('subject', { timeout: 0 }),
    atomic: false,
  },
  remove: {
    prepare: start,
    act: () => lab.engine.containers.remove('subject', { force: true }),
    atomic: false,
  },
};

describe.each(Object.entries(actions))('%s', (name, { prepare, act, atomic }) => {
  it('leaves nothing of a step that fails', { timeout: 60_000 }, async () => {
    const count = await eachStep(prepare, async (step, before) => {
      lab.failAfter(step);
      const error = await act().then(
        () => undefined,
        (cause: Error) => cause,
      );
      const at = `${name}, after step ${step}, ${lab.steps[step - 1]}`;
      const reached = lab.steps.length >= step;
      lab.failAfter(undefined);
      if (!reached) return false;
      expect(error?.message, at).toContain('injected after');
      if (atomic) expect(lab.snapshot(), at).toEqual(before);
      return true;
    });
    expect(count).toBeGreaterThan(1);
  });

  it('leaves nothing of a killed process that reconcile does not mend', {
    timeout: 120_000,
  }, async () => {
    const count = await eachStep(prepare, async (step) => {
      const outcome = spawnSync('node', [PROGRAM, name, 'kill', String(step)], {
        env: lab.env,
        encoding: 'utf8',
        timeout: 30_000,
      });
      if (outcome.status === 0) return false;
      const at = `${name}, killed after step ${step}, ${outcome.stdout.trim().split('\n').at(-1)}`;
      expect(outcome.signal, at + outcome.stderr).toBe('SIGKILL');
      // Its monitor ends it, since nobody is left to let it begin: not a thing that reconcile does.
      const status = () => lab.engine.containers.inspect('subject').state.status;
      if (at.endsWith('start:record')) await expect.poll(status).toBe('exited');
      lab.engine.system.reconcile();
      expect(lab.engine.system.reconcile(), `${at}: a second time finds nothing`).toEqual([]);
      return true;
    });
    expect(count).toBeGreaterThan(1);
  });
});

/** Tries step 1, step 2, and so on until there is none; nothing may be left in between. */
async function eachStep(
  prepare: () => Promise<void>,
  attempt: (step: number, before: Snapshot) => Promise<boolean>,
): Promise<number> {
  for (let step = 1; step <= MOST_STEPS; step++) {
    await prepare();
    const more = await attempt(step, lab.snapshot());
    await clean();
    expect(lab.snapshot(), `after step ${step}`).toEqual(empty);
    if (!more) return step;
  }
  throw new Error(`it has more than ${MOST_STEPS} steps`);
}
