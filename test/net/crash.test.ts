import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sandbox } from '../../net/model.ts';
import { finish, makeProgram, run } from '../store/program.ts';
import { type Lab, makeLab } from './lab.ts';

let lab: Lab;
let program: string;
let sandbox: Sandbox;

beforeAll(() => {
  lab = makeLab({ uplink: true });
  program = makeProgram(join(import.meta.dirname, 'worker.ts'), lab.host.dir);
  lab.container('neighbour', { ports: ['7000:80'] });
  const { id, path } = lab.sandbox('web1');
  sandbox = { id, path };
});
afterAll(() => lab.dispose());

/** Runs the program in the host, to be killed after `last` steps. */
function worker(verb: string, last: number = Number.POSITIVE_INFINITY) {
  const argv = [process.execPath, program, verb, lab.host.root, sandbox.id, sandbox.path];
  return run(lab.host.argv([...argv, String(last)]));
}

function stepsOf(verb: string): number {
  const { status, stdout, stderr } = worker(verb);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return Number(stdout);
}

/** Killed at each step of `verb`; afterwards all is as `expected` tells. */
function killAtEachStep(verb: string, steps: number, mend: () => void, expected: unknown): void {
  for (let last = 0; last < steps; last++) {
    expect(worker(verb, last).signal, `${verb}, step ${last}`).toBe('SIGKILL');
    mend();
    expect(lab.snapshot(), `${verb}, step ${last}`).toEqual(expected);
    expect(lab.host.inside(() => lab.networking.reconcile())).toEqual([]);
  }
}

const reconcile = () => {
  lab.host.inside(() => lab.networking.reconcile());
};

describe('killed with -9 at any step, and reconciled', () => {
  it.each([
    ['attach', 'detach'],
    ['create', 'remove'],
    ['police', 'unpolice'],
  ])(
    '%s leaves nothing',
    (verb, back) => {
      const before = lab.snapshot();
      const steps = stepsOf(verb);
      stepsOf(back);
      expect(lab.snapshot()).toEqual(before);
      killAtEachStep(verb, steps, reconcile, before);
      // And without a reconcile in between, the next one finds its way through what is left.
      for (let last = 0; last < steps; last++) {
        worker(verb, last);
        stepsOf(verb);
        stepsOf(back);
      }
      reconcile();
      expect(lab.snapshot()).toEqual(before);
    },
    120_000,
  );

  it('detach leaves all of it or nothing', () => {
    const before = lab.snapshot();
    stepsOf('attach');
    const attached = withoutTimes(lab.snapshot());
    const steps = stepsOf('detach');
    for (let last = 0; last < steps; last++) {
      stepsOf('attach');
      expect(worker('detach', last).signal).toBe('SIGKILL');
      // The transaction did not end, so it is still attached, and is mended to be so.
      reconcile();
      expect(withoutTimes(lab.snapshot()), `step ${last}`).toEqual(attached);
      stepsOf('detach');
      expect(lab.snapshot(), `step ${last}`).toEqual(before);
    }
  }, 120_000);
});

describe('twenty processes at once', () => {
  it('attach and detach with no lease given twice and nothing left', async () => {
    const before = lab.snapshot();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => {
        const pin = join(lab.host.run, 'sandboxes', `churn${i}`);
        return finish(
          lab.host.argv([process.execPath, program, 'churn', lab.host.root, `churn${i}`, pin]),
        );
      }),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => 0));
    await expect.poll(() => lab.snapshot(), { timeout: 10_000 }).toEqual(before);
    expect(lab.host.inside(() => lab.networking.reconcile())).toEqual([]);
  }, 120_000);
});

/** Leases and endpoints say since when they are there, and addresses are handed out in turn. */
function withoutTimes(value: unknown): unknown {
  const text = JSON.stringify(value)
    .replace(/"(created|since)":"[^"]*"/g, '"$1":""')
    .replace(/172\.17\.0\.\d+|ac:11:00:[0-9a-f]{2}|ac11[0-9a-f]{4}/g, 'X');
  return JSON.parse(text);
}
