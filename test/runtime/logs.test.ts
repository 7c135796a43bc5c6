import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogLine } from '../../runtime/log-format.ts';
import { type LogOptions, readLogs } from '../../runtime/logs.ts';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hawser-logs-'));
  path = join(directory, 'log');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const entry = (text: string, { stream = 'stdout', tag = 'F', second = 0 } = {}): string =>
  `2026-01-02T03:04:${String(second).padStart(2, '0')}.000000001Z ${stream} ${tag} ${text}\n`;

async function readLines(options?: LogOptions): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const line of readLogs(path, options)) lines.push(line);
  return lines;
}

async function read(options?: LogOptions): Promise<string[]> {
  return (await readLines(options)).map(({ data }) => data.toString());
}

describe('logs', () => {
  it('of a process that never ran are empty', async () => {
    expect(await read()).toEqual([]);
    expect(await read({ follow: true, tail: 3 })).toEqual([]);
  });

  it('carry time, stream and the bytes as they were written', async () => {
    writeFileSync(
      path,
      Buffer.concat([
        Buffer.from(entry('out')),
        Buffer.from(entry('', { stream: 'stderr' })),
        Buffer.from('2026-01-02T03:04:05.1Z stdout F '),
        Buffer.from([0xff, 0x00, 0x0a]),
      ]),
    );
    const lines = await readLines();
    expect(lines).toEqual([
      { time: '2026-01-02T03:04:00.000000001Z', stream: 'stdout', data: Buffer.from('out\n') },
      { time: '2026-01-02T03:04:00.000000001Z', stream: 'stderr', data: Buffer.from('\n') },
      { time: '2026-01-02T03:04:05.1Z', stream: 'stdout', data: Buffer.from([0xff, 0x00, 0x0a]) },
    ]);
  });

  it('keep partial lines apart from newlines', async () => {
    writeFileSync(path, entry('one ', { tag: 'P' }) + entry('two') + entry('end', { tag: 'P' }));
    expect((await read()).join('')).toBe('one two\nend');
  });

  it.each([
    [0, []],
    [1, ['end']],
    [2, ['c ', 'c\n', 'end']],
    [3, ['b\n', 'c ', 'c\n', 'end']],
    [99, ['a\n', 'b\n', 'c ', 'c\n', 'end']],
  ])('end with the last %i lines', async (tail, expected) => {
    const text = entry('a') + entry('b') + entry('c ', { tag: 'P' }) + entry('c');
    writeFileSync(path, text + entry('end', { tag: 'P' }));
    expect(await read({ tail })).toEqual(expected);
  });

  it('find the last lines in a log of many blocks', async () => {
    const texts = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${'x'.repeat(i % 100)}`);
    writeFileSync(path, texts.map((text) => entry(text)).join(''));
    const expected = texts.slice(-3000).map((text) => `${text}\n`);
    expect(await read({ tail: 3000 })).toEqual(expected);
    expect(await read()).toHaveLength(20_000);
  });

  it('are limited in time', async () => {
    writeFileSync(
      path,
      entry('a', { second: 1 }) + entry('b', { second: 2 }) + entry('c', { second: 3 }),
    );
    expect(await read({ since: new Date('2026-01-02T03:04:02Z') })).toEqual(['b\n', 'c\n']);
    expect(await read({ until: new Date('2026-01-02T03:04:02Z') })).toEqual(['a\n']);
  });

  it('pass over what is no entry', async () => {
    writeFileSync(path, `torn\n\n${entry('whole')}2026-01-02T03:04:05Z std`);
    expect(await read()).toEqual(['whole\n']);
  });

  it('are followed through torn writes until the process has ended', async () => {
    writeFileSync(path, entry('first'));
    let over = false;
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { data } of readLogs(path, { follow: true }, () => over))
        seen.push(data.toString());
    })();

    const second = entry('second');
    appendFileSync(path, second.slice(0, 20));
    await sleep(150);
    expect(seen).toEqual(['first\n']);
    appendFileSync(path, second.slice(20));
    await expect.poll(() => seen).toEqual(['first\n', 'second\n']);

    appendFileSync(path, entry('last'));
    over = true;
    await reading;
    expect(seen).toEqual(['first\n', 'second\n', 'last\n']);
  });
});
