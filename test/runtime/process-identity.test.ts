import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootId } from '../../native/boot-id.ts';
import { isRunning, readExit, readPids } from '../../runtime/process.ts';
import { processStat } from '../../runtime/process-identity.ts';

let directory: string;
let paths: { pid: string; exit: string };

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hawser-pids-'));
  paths = { pid: join(directory, 'pid'), exit: join(directory, 'exit') };
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const me = (): { pid: number; start: number } => ({
  pid: process.pid,
  start: processStat(process.pid)?.start ?? Number.NaN,
});
const gone = { pid: 2 ** 22 + 1, start: 1 };
const write = (process: object, monitor: object, boot = bootId()): void =>
  writeFileSync(paths.pid, JSON.stringify({ boot, monitor, process }));

describe('a supervised process', () => {
  it('runs while its pid has the start time that was written down', () => {
    write(me(), me());
    expect(isRunning(paths)).toBe(true);
  });

  it('does not run unsupervised', () => {
    write(me(), gone);
    expect(isRunning(paths)).toBe(false);
  });

  it('is not another process that has come by its pid', () => {
    const exit = { code: 0, oomKilled: false, finished: '2026-01-02T03:04:05Z' };
    writeFileSync(paths.exit, JSON.stringify(exit));
    write({ ...me(), start: me().start - 1 }, me());
    expect(isRunning(paths)).toBe(false);
  });

  it('does not run since a boot that is over', () => {
    write(me(), me(), '00000000-0000-0000-0000-000000000000');
    expect(readPids(paths)).toBeUndefined();
    expect(isRunning(paths)).toBe(false);
  });

  it('counts as running until its monitor has written down how it ended', () => {
    write(gone, me());
    expect(isRunning(paths)).toBe(true);
    const exit = { code: 3, oomKilled: false, finished: '2026-01-02T03:04:05Z' };
    writeFileSync(paths.exit, JSON.stringify(exit));
    expect(isRunning(paths)).toBe(false);
    expect(readExit(paths)).toEqual(exit);
  });

  it('does not run without a pid file, or with a torn one', () => {
    expect(isRunning(paths)).toBe(false);
    expect(readExit(paths)).toBeUndefined();
    writeFileSync(paths.pid, '{"boot":');
    expect(isRunning(paths)).toBe(false);
  });
});

describe('the state of a process', () => {
  it('is read past a name with brackets and blanks in it', async () => {
    const name = 'a) Z 1 (b';
    const child = spawn('sh', ['-c', `printf '${name}' > /proc/self/comm; echo; read line`], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await once(child.stdout, 'data');
    const stat = processStat(child.pid ?? 0);
    expect(stat?.zombie).toBe(false);
    expect(stat?.start).toBeGreaterThanOrEqual(me().start);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(processStat(child.pid ?? 0)).toBeUndefined();
  });
});
