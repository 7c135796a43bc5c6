import type { Readable, Writable } from 'node:stream';

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
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Empty on a terminal: there everything comes on stdout. */
  readonly stderr: Readable;
  /** Lets the process execute its command; rejects with a LaunchError if that fails. */
  start(): Promise<void>;
  resize(rows: number, columns: number): void;
  /** Sends a signal, also when standard input is held up. */
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
export async function connect(_socket: string, _options: SessionOptions = {}): Promise<Session> {
  throw new Error('not yet');
}
