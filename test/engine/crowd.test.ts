/** Many processes at once on one state: what they are given is theirs alone, and all of it comes back. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, makeLab, type Snapshot } from './lab.ts';

const PROGRAM = join(import.meta.dirname, 'program.mjs');
const PROCESSES = 20;
const ROUNDS = 3;

let lab: Lab;
let empty: Snapshot;

beforeAll(async () => {
  lab = await makeLab();
  for (const name of ['blue', 'green']) lab.engine.networks.create({ name });
  await churn(1);
  empty = lab.snapshot();
});
afterAll(() => lab.dispose());

it('twenty processes run and remove containers at once', { timeout: 120_000 }, async () => {
  const crowd = await Promise.allSettled(Array.from({ length: PROCESSES }, () => churn(ROUNDS)));
  expect(crowd.filter(({ status }) => status === 'rejected')).toEqual([]);
  const claims = crowd.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  expect(claims).toHaveLength(PROCESSES * ROUNDS);

  // Whoever held the same address or port must have let go of it before the other came.
  for (const [i, a] of claims.entries()) {
    for (const b of claims.slice(i + 1)) {
      if (a.until < b.from || b.until < a.from) continue;
      expect(a.address).not.toBe(b.address);
      expect(a.port).not.toBe(b.port);
    }
  }
  expect(lab.snapshot()).toEqual(empty);
});

interface Claim {
  address: string;
  port: number;
  /** Milliseconds; the program tells them from after it was given them to before it gave them back. */
  from: number;
  until: number;
}

async function churn(rounds: number): Promise<Claim[]> {
  const options = { env: lab.env, timeout: 100_000 };
  const { stdout } = await promisify(execFile)('node', [PROGRAM, 'churn', String(rounds)], options);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}
