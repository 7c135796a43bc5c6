/** A client of a container's monitor (the protocol is that of native/launcher/clients.h). */
import { closeSync, constants, openSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { FrameReader, frame } from './frames.ts';
import { LaunchError } from './launcher.ts';

/** How a process ended, as the monitor tells it and as its exit file holds it. */
export interface ExitReport {
  /** 0 to 255; 128 + the signal's number if a signal ended it. */
  code: number;
  signal?: number;
  oomKilled: boolean;
  /** ISO 8601. */
  finished: string;
}

export interface SessionOptions {
  /** Feed the process's standard input; closing `stdin` closes it there (except on a terminal). */
  stdin?: boolean;
  /** Receive its output from now on. Both streams must then be read, or one will hold up the other. */
  output?: boolean;
  /**
   * The process waits for this session when it is slow, as in a shell's pipeline, and its standard
   * input ends with this session. Any other session that falls 64 KB behind is dropped.
   */
  foreground?: boolean;
}

/** A connection to the monitor of one process. */
export interface Session {
  /** Before `start`, some 80 KB find room; more would keep START itself from getting through. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Empty on a terminal: there everything comes on stdout. */
  readonly stderr: Readable;
  /** Lets the process execute its command; rejects with a LaunchError if that fails. */
  start(): Promise<void>;
  resize(rows: number, columns: number): void;
  /** Sends a signal, also when standard input is held up; rejects with ENOENT after the end. */
  kill(signal: number): Promise<void>;
  /** This client promises to clean up after the end, and to say `done`. */
  own(): void;
  /** The clean-up is done: the monitor ends without running its `onExit`. */
  done(): void;
  /** All output has been delivered and the process has ended; rejects if the monitor vanished. */
  readonly exit: Promise<ExitReport>;
  /** Leaves; the process goes on. */
  close(): void;
}

/** Connects to a monitor's socket. Throws ENOENT or ECONNREFUSED if no monitor is there. */
export async function connect(path: string, options: SessionOptions = {}): Promise<Session> {
  const session = new MonitorSession(path, await open(path));
  const { stdin = false, output = false, foreground = false } = options;
  session.send('A', Buffer.of((stdin ? 1 : 0) | (output ? 2 : 0) | (foreground ? 4 : 0)));
  return session;
}

/** Whether a monitor could not be reached because it has ended, or was just ending. */
export function hasLeft(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].some((known) => known === code);
}

/** A socket's path has 107 bytes at most; by way of the directory's descriptor any will do. */
async function open(path: string): Promise<Socket> {
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const socket = createConnection(`/proc/self/fd/${directory}/${basename(path)}`);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (error: NodeJS.ErrnoException) => {
        reject(Object.assign(error, { message: `connect to ${path}: ${error.code}` }));
      });
    });
    return socket;
  } finally {
    closeSync(directory);
  }
}

class MonitorSession implements Session {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<ExitReport>;
  readonly #path: string;
  readonly #socket: Socket;
  readonly #running = deferred<void>();
  readonly #exit = deferred<ExitReport>();
  /** Those of the two output streams that can take no more for now. */
  readonly #full = new Set<Readable>();

  constructor(path: string, socket: Socket) {
    this.#path = path;
    this.#socket = socket;
    this.exit = this.#exit.promise;
    this.stdout = this.#output();
    this.stderr = this.#output();
    this.stdin = new Writable({
      write: (chunk: Buffer, _encoding, done) => void socket.write(frame('I', chunk), () => done()),
      final: (done) => void socket.write(frame('C'), () => done()),
    });
    const reader = new FrameReader((type, payload) => this.#receive(type, payload));
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => this.#ended());
  }

  start(): Promise<void> {
    this.send('S');
    return this.#running.promise;
  }

  resize(rows: number, columns: number): void {
    const size = Buffer.alloc(4);
    size.writeUInt16LE(rows, 0);
    size.writeUInt16LE(columns, 2);
    this.send('W', size);
  }

  /** On a connection of its own, for this one may be full of input that nobody reads. */
  async kill(signal: number): Promise<void> {
    const socket = await open(this.#path);
    await new Promise<void>((resolve) =>
      socket.write(frame('K', Buffer.of(signal)), () => resolve()),
    );
    socket.destroy();
  }

  own(): void {
    this.send('O');
  }

  done(): void {
    this.send('D');
  }

  close(): void {
    this.#socket.destroy();
  }

  send(type: string, payload?: Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(frame(type, payload));
  }

  #output(): Readable {
    const stream: Readable = new Readable({
      read: () => {
        this.#full.delete(stream);
        if (this.#full.size === 0) this.#socket.resume();
      },
    });
    return stream;
  }

  /** Reading stops while either stream is full, so that neither grows without bounds. */
  #push(stream: Readable, payload: Buffer): void {
    if (stream.push(payload)) return;
    this.#full.add(stream);
    this.#socket.pause();
  }

  #receive(type: string, payload: Buffer): void {
    switch (type) {
      case '1':
        this.#push(this.stdout, payload);
        break;
      case '2':
        this.#push(this.stderr, payload);
        break;
      case 'R':
        this.#running.resolve();
        break;
      case 'F':
        this.#running.reject(LaunchError.parse(payload.toString()));
        break;
      case 'X':
        // Whatever its end, it did run: a failure to do so was told before.
        this.#running.resolve();
        this.stdout.push(null);
        this.stderr.push(null);
        this.#exit.resolve(exitReport(payload));
        break;
    }
  }

  #ended(): void {
    const error = new Error(`the monitor of ${this.#path} has gone`);
    this.#running.reject(error);
    this.#exit.reject(error);
    this.stdout.push(null);
    this.stderr.push(null);
    this.stdin.destroy();
  }
}

/** i32 exit code, u8 signal or 0, u8 whether out of memory, the time. */
function exitReport(payload: Buffer): ExitReport {
  const signal = payload.readUInt8(4);
  return {
    code: payload.readInt32LE(0),
    ...(signal === 0 ? {} : { signal }),
    oomKilled: payload.readUInt8(5) !== 0,
    finished: payload.toString('latin1', 6),
  };
}

/** A promise that is settled from outside. Whoever asks gets to know of a failure; nobody must ask. */
function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}
