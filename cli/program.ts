import { Command, CommanderError, type Option } from 'commander';
import type { Engine, EngineOptions } from '../engine/engine.ts';
import { catalogue, type Entry, type Group, shortcuts } from './catalogue.ts';
import { complaint } from './complaint.ts';
import type { Door } from './door.ts';
import { colour } from './style.ts';
import { usageError } from './usage.ts';
import { version } from './version.ts';

/** What `main` is given in place of the process it runs in. */
export interface World extends Omit<Door, 'engine' | 'debug'> {
  engine(options: EngineOptions): Engine | Promise<Engine>;
}

interface GlobalOptions {
  root?: string;
  run?: string;
  debug?: true;
}

/**
 * Runs one command line (without `node` and the script) and says with which code to exit. Whatever
 * goes wrong is told on `stderr`; it never throws.
 */
export async function main(argv: string[], world: World): Promise<number> {
  const opened: { engine?: Promise<Engine> } = {};
  const globals = () => program.opts<GlobalOptions>();
  const door: Door = {
    ...world,
    get debug() {
      return globals().debug === true;
    },
    engine: () => {
      opened.engine ??= Promise.resolve(world.engine(engineOptions(globals(), world)));
      return opened.engine;
    },
  };
  const path: string[] = [];
  let exitCode = 0;
  const program = build(world, path, async (entry, command) => {
    const module = await entry.load();
    module.define(command);
    command.action(async () => {
      exitCode = (await module.run(door, command.args, command.opts<never>())) ?? 0;
    });
  });
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync(expand(argv), { from: 'user' });
  } catch (error) {
    // Help and version arrive as errors too; so does a group named without a command, which is
    // answered with its help.
    if (error instanceof CommanderError && /^commander\.(help|version)/.test(error.code)) return 0;
    const known = error instanceof CommanderError ? usageError(error, path) : error;
    const { text, exitCode: code } = complaint(known, door.debug);
    world.stderr.write(text);
    exitCode = code;
  } finally {
    await opened.engine?.then(
      (engine) => engine.close(),
      () => undefined, // that it could not be opened has been told
    );
  }
  return exitCode;
}

/** The tree of commands; `complete` gives a leaf its options and action once it is called. */
export function build(
  world: Pick<World, 'stdout' | 'stderr' | 'env'>,
  path: string[],
  complete: (entry: Entry, command: Command) => Promise<void>,
): Command {
  const program = new Command('hawser')
    .description('Runs containers and moors them to networks.')
    .option('--root <dir>', 'durable state (default: $HAWSER_ROOT, else /var/lib/hawser)')
    .option('--run <dir>', 'state of this boot (default: $HAWSER_RUN, else /run/hawser)')
    .option('--debug', 'show each step, and where an error comes from')
    .version(`hawser ${version}`, '--version', 'show the version')
    .helpOption('-h, --help', 'show help; also after a command')
    .usage('[options] COMMAND [ARG...]')
    .addHelpText('after', '\nhawser COMMAND --help tells more, with examples.');
  dress(program, world);
  const grow = (parent: Command, entries: (Entry | Group)[]): void => {
    parent.hook('preSubcommand', async (_, command) => {
      path.push(command.name());
      const entry = entries.find(({ name }) => name === command.name());
      if (entry !== undefined && 'load' in entry) await complete(entry, command);
    });
    for (const entry of entries) {
      const command = add(parent, entry);
      if ('load' in entry) continue;
      command.usage('COMMAND').helpCommand(false).description(capital(entry.summary));
      grow(command, entry.commands);
    }
  };
  grow(program, catalogue);
  return program;
}

function add(parent: Command, entry: Entry | Group): Command {
  const hidden = 'hidden' in entry;
  const command = parent.command(entry.name, { hidden });
  command.enablePositionalOptions().summary(entry.summary).description(capital(entry.summary));
  command.helpOption('-h, --help', 'show this help');
  return entry.group === undefined ? command : command.helpGroup(entry.group);
}

/** How help looks, and that commander neither prints errors nor ends the process by itself. */
function dress(program: Command, world: Pick<World, 'stdout' | 'stderr' | 'env'>): void {
  const { stdout } = world;
  program
    .exitOverride()
    .enablePositionalOptions()
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stdout.write(text), // the help of a group that was named alone
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(stdout.columns ?? 100, 120),
      getErrHelpWidth: () => Math.min(stdout.columns ?? 100, 120),
      getOutHasColors: () => colour(world).enabled,
      getErrHasColors: () => colour(world).enabled,
    })
    .configureHelp({
      styleTitle: (title) => colour(world).bold(title),
      subcommandTerm: (command) => command.name(),
      optionDescription: describeOption,
    });
}

/** An option whose default is a list is one that gathers values; other defaults are told as typed. */
function describeOption({ description, defaultValue, argChoices }: Option): string {
  const repeated = Array.isArray(defaultValue);
  const told = typeof defaultValue === 'string' ? `default: ${defaultValue}` : undefined;
  const remark = repeated ? 'repeatable' : argChoices ? argChoices.join(', ') : told;
  return remark === undefined ? description : `${description} (${remark})`;
}

function engineOptions(globals: GlobalOptions, world: World): EngineOptions {
  const say = (text: string) => world.stderr.write(`hawser: ${text}\n`);
  return {
    ...(globals.root !== undefined && { root: globals.root }),
    ...(globals.run !== undefined && { run: globals.run }),
    ...(globals.debug && { onStep: (step: string) => say(`step: ${step}`) }),
    onNote: (note) => say(`note: ${note}`),
  };
}

/** `help WORD...` is `WORD... --help`; Docker's short words become the long ones. */
function expand(argv: string[]): string[] {
  const [first, ...rest] = argv;
  if (first === 'help') return [...rest, '--help'];
  const at = argv.findIndex((arg, index) => !arg.startsWith('-') && !takesValue(argv[index - 1]));
  const long = shortcuts[argv[at] ?? ''];
  return long === undefined ? argv : [...argv.slice(0, at), ...long, ...argv.slice(at + 1)];
}

function takesValue(option: string | undefined): boolean {
  return option === '--root' || option === '--run';
}

function capital(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}
