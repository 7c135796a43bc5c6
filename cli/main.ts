import type { World } from './program.ts';
import { version } from './version.ts';

/**
 * The process `hawser`: everything past this is read only when it is needed, since reading code is
 * most of what a short command takes.
 */
async function start(argv: string[]): Promise<number> {
  if (argv.length === 1 && argv[0] === '--version') {
    process.stdout.write(`hawser ${version}\n`);
    return 0;
  }
  const world: World = {
    engine: async (options) => (await import('../engine/open.ts')).openEngine(options),
    // Made at the first look, which takes a millisecond.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    signals: process,
    cwd: process.cwd(),
  };
  const { main } = await import('./program.ts');
  return main(argv, world);
}

/** Until what was written has left, or nobody takes it any more. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve();
    else stream.write('', () => resolve());
  });
}

/** The whole program: no await stands outside a function, since it is bundled as CommonJS. */
async function run(): Promise<never> {
  // A reader that went away (`hawser ps | head -1`) ends us as SIGPIPE would; a container goes on.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      process.exit(error.code === 'EPIPE' ? 128 + 13 : 125);
    });
  }
  const code = await start(process.argv.slice(2));
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  // A terminal or pipe on standard input would otherwise keep the process alive.
  process.exit(code);
}

void run();
