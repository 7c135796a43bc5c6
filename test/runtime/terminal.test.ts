import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../runtime/process.ts';
import type { Exit } from '../../runtime/spec.ts';
import { type Console, converse, detachScanner } from '../../runtime/terminal.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('the detach keys', () => {
  const type = (...chunks: string[]): { passed: string; left: boolean } => {
    let left = false;
    const scan = detachScanner(() => {
      left = true;
    });
    const passed = chunks.map((chunk) => scan(bytes(chunk)).toString('latin1')).join('');
    return { passed, left };
  };

  it('are ctrl-p ctrl-q, also in two chunks', () => {
    expect(type('ab\x10\x11')).toEqual({ passed: 'ab', left: true });
    expect(type('ab\x10', '\x11')).toEqual({ passed: 'ab', left: true });
  });

  it('are passed on when they are not both typed', () => {
    expect(type('\x10a')).toEqual({ passed: '\x10a', left: false });
    expect(type('\x10', '\x10', 'x\x11')).toEqual({ passed: '\x10\x10x\x11', left: false });
    expect(type('\x10\x10\x11')).toEqual({ passed: '\x10', left: true });
  });
});

/** A session and a console made of pipes. */
function stage(): {
  session: Session;
  console: Console & { stdin: PassThrough; stdout: PassThrough; stderr: PassThrough };
  end: (exit: Exit) => void;
  sizes: number[][];
  raw: boolean[];
} {
  let end: (exit: Exit) => void = () => {};
  const exit = new Promise<Exit>((resolve) => {
    end = resolve;
  });
  const sizes: number[][] = [];
  const raw: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode(on: boolean) {
      raw.push(on);
      return this;
    },
  });
  const stdout = Object.assign(new PassThrough(), { isTTY: true, rows: 25, columns: 80 });
  return {
    session: {
      stdin: new PassThrough(),
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      start: async () => {},
      resize: (rows, columns) => sizes.push([rows, columns]),
      kill: async () => {},
      own: () => {},
      done: () => {},
      close: () => {},
      exit,
    },
    console: { stdin, stdout, stderr: new PassThrough() } as never, // pipes stand in for terminals
    end,
    sizes,
    raw,
  };
}

describe('a conversation', () => {
  const finished = { code: 0, oomKilled: false, finished: '2026-01-02T03:04:05Z' };

  it('carries both streams of output whole, and input until it ends', async () => {
    const { session, console, end } = stage();
    const talking = converse(session, console, { tty: false, stdin: true });
    console.stdin.end('typed');
    let heard = '';
    for await (const chunk of session.stdin as PassThrough) heard += chunk;
    expect(heard).toBe('typed');

    (session.stdout as PassThrough).end('out');
    (session.stderr as PassThrough).end('err');
    end(finished);
    expect(await talking).toBe('exit');
    expect(String(console.stdout.read())).toBe('out');
    expect(String(console.stderr.read())).toBe('err');
  });

  it('on a terminal is raw, follows its size, and puts everything back', async () => {
    const { session, console, end, sizes, raw } = stage();
    const talking = converse(session, console, { tty: true, stdin: true });
    process.emit('SIGWINCH', 'SIGWINCH');
    (session.stdout as PassThrough).end();
    (session.stderr as PassThrough).end();
    end(finished);
    await talking;
    expect(sizes).toEqual([
      [25, 80],
      [25, 80],
    ]);
    expect(raw).toEqual([true, false]);
    process.emit('SIGWINCH', 'SIGWINCH');
    expect(sizes).toHaveLength(2);
  });

  it('is left by the detach keys, while the process goes on', async () => {
    const { session, console, raw } = stage();
    const talking = converse(session, console, { tty: true, stdin: true });
    console.stdin.write('x\x10\x11');
    expect(await talking).toBe('detached');
    expect(raw).toEqual([true, false]);
    expect(String((session.stdin as PassThrough).read())).toBe('x');
  });
});
