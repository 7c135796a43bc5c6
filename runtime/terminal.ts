import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Session } from './process.ts';

/** The streams of the command that attends to a session. */
export interface Console {
  stdin: Readable & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>;
  stdout: Writable & Partial<Pick<WriteStream, 'isTTY' | 'rows' | 'columns'>>;
  stderr: Writable;
}

/** ctrl-p ctrl-q, as Docker's. */
const DETACH = [0x10, 0x11];

/**
 * Joins a session to a console until the process ends: its output to the console's, with `stdin`
 * the console's input to it, with `tty` in raw mode and with the terminal's size, now and whenever
 * it changes. Resolves to 'exit', or to 'detached' when the user typed ctrl-p ctrl-q on a terminal.
 * The terminal is put back in any case.
 */
export async function converse(
  session: Session,
  console: Console,
  { tty, stdin }: { tty: boolean; stdin: boolean },
): Promise<'exit' | 'detached'> {
  const raw = tty && stdin && console.stdin.isTTY === true;
  const resize = (): void => {
    const { rows, columns } = console.stdout;
    if (rows !== undefined && columns !== undefined) session.resize(rows, columns);
  };
  let leave = (): void => {};
  const detached = new Promise<'detached'>((resolve) => {
    leave = () => resolve('detached');
  });
  const scanner = detachScanner(() => leave());
  const type = (chunk: Buffer): void => {
    const bytes = raw ? scanner(chunk) : chunk;
    if (bytes.length > 0 && !session.stdin.write(bytes)) {
      console.stdin.pause();
      session.stdin.once('drain', () => console.stdin.resume());
    }
  };
  const hangUp = (): void => {
    session.stdin.end();
  };

  session.stdout.pipe(console.stdout, { end: false });
  session.stderr.pipe(console.stderr, { end: false });
  if (stdin) {
    console.stdin.on('data', type);
    console.stdin.on('end', hangUp);
  }
  if (raw) console.stdin.setRawMode?.(true);
  if (tty) {
    resize();
    process.on('SIGWINCH', resize);
  }
  try {
    return await Promise.race([whole(session), detached]);
  } finally {
    process.off('SIGWINCH', resize);
    if (raw) console.stdin.setRawMode?.(false);
    console.stdin.off('data', type);
    console.stdin.off('end', hangUp);
    if (stdin) console.stdin.pause(); // else an open terminal would keep this command from ending
    session.stdout.unpipe(console.stdout);
    session.stderr.unpipe(console.stderr);
  }
}

/** The process has ended, and all of its output has been passed on. */
async function whole({ exit, stdout, stderr }: Session): Promise<'exit'> {
  await Promise.all([finished(stdout), finished(stderr), exit]);
  return 'exit';
}

/**
 * Passes bytes on, and calls `leave` when the detach keys have come one after the other, however
 * they were cut into chunks. A first key that the second does not follow is passed on late.
 */
export function detachScanner(leave: () => void): (chunk: Buffer) => Buffer {
  let matched = 0;
  return (chunk) => {
    const out: number[] = [];
    for (const byte of chunk) {
      if (byte === DETACH[matched]) {
        matched += 1;
        if (matched < DETACH.length) continue;
        leave();
        return Buffer.from(out);
      }
      out.push(...DETACH.slice(0, matched));
      matched = byte === DETACH[0] ? 1 : 0;
      if (matched === 0) out.push(byte);
    }
    return Buffer.from(out);
  };
}
