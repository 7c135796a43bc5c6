import { PassThrough } from 'node:stream';
import { catalogue, type Entry, type Group } from '../cli/catalogue.ts';
import { main } from '../cli/program.ts';

const intro = `# The command line

Every command tells the same with \`--help\`; this page is made from that, and a test compares the two.

Names and meanings are Docker's. Where hawser differs:

- \`--format\` knows \`table\` and \`json\`, and no Go templates. \`ps\`, \`network ls\`, \`image ls\` and \`system
  reconcile\` print one JSON object a line; \`inspect\` prints one array. The objects are the library's own
  (\`Container\`, \`Network\`, \`Image\`, ...), with the same field names.
- \`inspect\` looks for a container, then a network, then an image.
- Options of Docker's that hawser does not have are refused, with the reason; none is ignored.
- A command that several things are given to does what it can, tells of the others, and fails.

| exit code | meaning |
|---|---|
| 0 | done |
| 125 | hawser itself failed, or the command line was malformed; one sentence on standard error says why |
| 126 | the container's command cannot be executed |
| 127 | the container's command does not exist |
| 137, 143, ... | the container's process was ended by a signal: 128 and its number |
| others | the container's own (\`run\`, \`start -a\`, \`exec\`, \`attach\`) |

In a terminal, ctrl-p ctrl-q leaves a container running. If the reader of a foreground \`run\` goes away
(\`hawser run ... | head -1\`), hawser ends as SIGPIPE would end it, and the container goes on.
`;

/** docs/cli.md: the help of every command that is not hidden. */
export async function cliReference(): Promise<string> {
  return [intro, await section([]), ...(await sections([], catalogue))].join('\n');
}

async function sections(path: string[], entries: (Entry | Group)[]): Promise<string[]> {
  const texts: string[] = [];
  for (const entry of entries.filter(isShown)) {
    const here = [...path, entry.name];
    texts.push(await section(here));
    if ('commands' in entry) texts.push(...(await sections(here, entry.commands)));
  }
  return texts;
}

function isShown(entry: Entry | Group): boolean {
  return !('hidden' in entry);
}

async function section(path: string[]): Promise<string> {
  const level = '#'.repeat(Math.max(2, path.length + 1));
  const heading = ['hawser', ...path].join(' ');
  return `${level} ${heading}\n\n\`\`\`text\n${(await help(path)).trim()}\n\`\`\`\n`;
}

/** What `hawser PATH --help` prints, as wide as where there is no terminal. */
async function help(path: string[]): Promise<string> {
  const stdout = new PassThrough();
  await main([...path, '--help'], {
    stdin: new PassThrough(),
    stdout,
    stderr: stdout,
    env: {},
    signals: stdout,
    cwd: '/',
    engine: () => {
      throw new Error('help opens no engine');
    },
  });
  return String(stdout.read());
}
