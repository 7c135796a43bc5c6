import type { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { Engine } from '../engine/engine.ts';

/** Standard input, as a terminal or as anything else. */
export type Input = Readable & {
  isTTY?: boolean;
  /** The terminal's descriptor. */
  fd?: number;
  setRawMode?: (raw: boolean) => unknown;
};

/** Standard output or error; `rows`, `columns` and the event `resize` only on a terminal. */
export type Output = Writable & { isTTY?: boolean; rows?: number; columns?: number };

/** What a command has of the world. Nothing in cli/ reaches for `process` past this. */
export interface Door {
  /** The engine on the state that the global options name: opened at the first call, closed at the end. */
  engine(): Promise<Engine>;
  stdin: Input;
  stdout: Output;
  stderr: Output;
  env: Record<string, string | undefined>;
  /** Emits what the process is sent: `SIGINT`, `SIGTERM`, ... */
  signals: EventEmitter;
  /** Relative paths of options are relative to this. */
  cwd: string;
  /** Whether errors are told with where they come from. */
  debug: boolean;
}

/** One command: declares itself to commander, and does its work. */
export interface CommandModule {
  /** Arguments, options, description, examples. */
  define(command: import('commander').Command): void;
  /**
   * `args` are the operands in order; the result is the exit code, 0 by default. A module types
   * `options` by what its own `define` declares, hence `never` here, which every such type accepts.
   */
  run(door: Door, args: string[], options: never): Promise<number | undefined>;
}

export function print(door: Door, line: string): void {
  door.stdout.write(`${line}\n`);
}
