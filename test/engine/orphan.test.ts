/** A process that does not die with its monitor, and how it is brought to an end all the same. */
import { chmodSync, copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { layout } from '../../engine/paths.ts';
import { processStat } from '../../runtime/process-identity.ts';
import { type Lab, makeLab, type Snapshot } from './lab.ts';

let lab: Lab;
let before: Snapshot;
let orphan: number;

beforeAll(async () => {
  lab = await makeLab();
  // A set-user-id program gets no signal when its parent dies (prctl(2), PR_SET_PDEATHSIG).
  const sleep = join(lab.host.dir, 'sleep');
  copyFileSync('/bin/busybox', sleep);
  chmodSync(sleep, 0o4755);
  await lab.engine.containers.remove(await start(), { force: true });
});
afterAll(() => lab.dispose());

async function start(): Promise<string> {
  const { id } = lab.engine.containers.create({
    image: 'busybox',
    name: 'orphan',
    user: '1000',
    command: ['/own/sleep', '300'],
    mounts: [
      { kind: 'bind', source: join(lab.host.dir, 'sleep'), target: '/own/sleep', readonly: true },
    ],
  });
  await lab.engine.containers.start(id);
  return id;
}

describe('a process that outlives its monitor', () => {
  beforeEach(async () => {
    before = lab.snapshot();
    const id = await start();
    const { run, root } = lab.host;
    const { pid } = layout({ root, run }).container(id);
    const pids = JSON.parse(readFileSync(pid, 'utf8'));
    // Only the program itself is set-user-id: until it is executed the process dies all the same.
    await expect
      .poll(() => readFileSync(`/proc/${pids.process.pid}/cmdline`, 'utf8'))
      .toContain('/own/sleep');
    process.kill(pids.monitor.pid, 'SIGKILL');
    orphan = pids.process.pid;
    await expect.poll(() => processStat(pids.monitor.pid)?.zombie ?? true).toBe(true);
    expect(processStat(orphan)?.zombie).toBe(false);
  });

  const gone = () => expect.poll(() => processStat(orphan)?.zombie ?? true).toBe(true);

  it('is removed', async () => {
    await lab.engine.containers.remove('orphan', { force: true });
    await gone();
    expect(lab.snapshot()).toEqual(before);
  });

  it('is found by reconcile', async () => {
    const what = lab.engine.system.reconcile().map((repair) => repair.what);
    expect(what).toContain('container orphan: its process is gone');
    await gone();
    await lab.engine.containers.remove('orphan');
    expect(lab.snapshot()).toEqual(before);
  });

  it('gives way to its next start', async () => {
    await lab.engine.containers.start('orphan');
    await gone();
    await lab.engine.containers.remove('orphan', { force: true });
    expect(lab.snapshot()).toEqual(before);
  });
});
