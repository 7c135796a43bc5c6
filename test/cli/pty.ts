import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { openCgroups } from '../../runtime/cgroup/open.ts';
import { makeBusyboxTar } from '../support/busybox.ts';
import { type FakeHost, makeFakeHost } from '../support/fakehost.ts';

const program = join(import.meta.dirname, '../../bin/hawser');

/** A command line on a terminal of its own (script(1) holds the other end). */
export interface Typed {
  /** Waits until what the terminal shows, since the last wait, has this in it; returns all of that. */
  shows(what: string | RegExp): Promise<string>;
  type(text: string): void;
  /** Sets the terminal's size, as a window does. */
  resize(rows: number, columns: number): void;
  /** The settings that stty(1) shows. */
  settings(): string;
  /** Sends the command a signal. */
  signal(name: NodeJS.Signals): void;
  /** The command's exit code. */
  exit: Promise<number | null>;
}

export interface Stage {
  host: FakeHost;
  hawser(...args: string[]): string;
  typed(...args: string[]): Typed;
  /** Runs a shell's line, in which `hawser` is the program. */
  sh(line: string): string;
  dispose(): void;
}

export function makeStage(): Stage {
  const host = makeFakeHost();
  const cgroup = `hawser-test-${randomBytes(4).toString('hex')}`;
  const path = `${join(program, '..')}:${process.env.PATH}`;
  const env = { ...host.env, PATH: path, HAWSER_CGROUP_PARENT: cgroup, TERM: 'dumb' };
  const hawser: Stage['hawser'] = (...args) => host.exec([program, ...args], { env });
  const terminals: ChildProcessWithoutNullStreams[] = [];
  hawser('image', 'import', makeBusyboxTar(host.dir), 'busybox');
  return {
    host,
    hawser,
    sh: (line) => host.exec(['bash', '-c', line], { env }),
    typed(...args) {
      // The command's pid, for signals and for the terminal's name, is what exec leaves it.
      const pidFile = join(host.dir, `pid-${terminals.length}`);
      const quoted = [program, ...args].map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`).join(' ');
      const line = `stty rows 40 cols 100; echo $$ > ${pidFile}; exec ${quoted}`;
      const [file = '', ...rest] = host.argv(['script', '-qefc', line, '/dev/null']);
      const child = spawn(file, rest, { env, stdio: 'pipe' });
      terminals.push(child);
      return watch(child, () => readFileSync(pidFile, 'utf8').trim());
    },
    dispose() {
      for (const child of terminals) child.kill('SIGKILL');
      try {
        hawser('system', 'reset', '-f');
      } finally {
        openCgroups().remove(cgroup);
        host.dispose();
      }
    },
  };
}

function watch(child: ChildProcessWithoutNullStreams, pid: () => string): Typed {
  let screen = '';
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
  });
  child.stdin.on('error', () => undefined); // typed into a terminal that has closed
  const terminal = () => readlinkSync(`/proc/${pid()}/fd/0`);
  return {
    type: (text) => void child.stdin.write(text),
    resize: (rows, columns) => {
      execFileSync('stty', ['-F', terminal(), 'rows', `${rows}`, 'cols', `${columns}`]);
    },
    settings: () => execFileSync('stty', ['-F', terminal(), '-a'], { encoding: 'utf8' }),
    signal: (name) => void process.kill(Number(pid()), name),
    exit: new Promise((resolve) => child.once('exit', resolve)),
    async shows(what) {
      const deadline = Date.now() + 20_000;
      const found = () => (typeof what === 'string' ? screen.includes(what) : what.test(screen));
      while (!found()) {
        if (Date.now() > deadline) throw new Error(`never shown: ${what}; but: ${screen}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const shown = screen;
      screen = '';
      return shown;
    },
  };
}
