import type { Command } from 'commander';
import type { ExecRequest } from '../../engine/engine.ts';
import { defaultDetachKeys, parseDetachKeys } from '../detach-keys.ts';
import type { Door } from '../door.ts';
import { examples } from '../examples.ts';
import { follow } from '../foreground.ts';
import { parseEnv, readPairs } from '../parse/pairs.ts';
import { repeat } from '../parse/repeat.ts';
import { requireTerminal, terminalSize } from '../streams.ts';

interface Options {
  detach?: true;
  detachKeys: string;
  interactive?: true;
  tty?: true;
  env: string[];
  envFile: string[];
  workdir?: string;
  user?: string;
  privileged?: true;
}

export function define(command: Command): void {
  command
    .argument('<container>', 'a name, an id or its beginning')
    .argument('<command...>', 'what to run in it')
    .passThroughOptions()
    .option('-i, --interactive', 'feed it standard input')
    .option('-t, --tty', 'give it a terminal')
    .option('-d, --detach', 'do not wait for it')
    .option('-e, --env <name[=value]>', 'a variable', repeat, [])
    .option('--env-file <file>', 'variables from the lines of a file', repeat, [])
    .option('-w, --workdir <path>', 'its working directory')
    .option('-u, --user <user[:group]>', 'whom it runs as, by name or number')
    .option('--privileged', 'all capabilities, no seccomp filter')
    .option('--detach-keys <keys>', 'what leaves the command alone', defaultDetachKeys)
    .addHelpText(
      'after',
      examples(
        ['hawser exec web ip route', 'one command'],
        ['hawser exec -it web sh', 'a shell beside what runs'],
        ['cat dump.sql | hawser exec -i db load', 'pipe into a container'],
      ),
    );
}

export async function run(
  door: Door,
  [ref = '', ...command]: string[],
  options: Options,
): Promise<number> {
  const tty = options.tty === true;
  const stdin = options.interactive === true && !options.detach;
  const variables = options.envFile.flatMap((path) => readPairs('--env-file', path, door.cwd));
  const request: ExecRequest = {
    command,
    tty,
    stdin,
    ...terminalSize(door),
    env: parseEnv('-e', [...variables, ...options.env], door.env),
    ...(options.workdir !== undefined && { workingDir: options.workdir }),
    ...(options.user !== undefined && { user: options.user }),
    ...(options.privileged && { privileged: true }),
    ...(options.detach && { detach: true }),
  };
  const detachKeys = parseDetachKeys(options.detachKeys);
  requireTerminal(door, { tty, stdin });
  const session = await (await door.engine()).containers.exec(ref, request);
  if (!options.detach) return follow(session, door, { tty, stdin, signals: false, detachKeys });
  session.close();
  return 0;
}
