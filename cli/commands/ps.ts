import type { Command } from 'commander';
import type { Container } from '../../engine/container.ts';
import type { Engine } from '../../engine/engine.ts';
import { type Door, print } from '../door.ts';
import { examples } from '../examples.ts';
import { formatOption, jsonLines, parseFormat } from '../format.ts';
import { ago, shortId, truncate } from '../human.ts';
import { parseFilters } from '../parse/filter.ts';
import { parseWhole } from '../parse/number.ts';
import { repeat } from '../parse/repeat.ts';
import { moorings, portsOf, status } from '../status.ts';
import { colour } from '../style.ts';
import { table } from '../table.ts';

const headings = [
  'CONTAINER ID',
  'IMAGE',
  'COMMAND',
  'CREATED',
  'STATUS',
  'PORTS',
  'NETWORKS',
  'NAMES',
];

interface Options {
  all?: true;
  quiet?: true;
  last?: string;
  latest?: true;
  filter: string[];
  format: string;
  /** commander's reading of --no-trunc. */
  trunc: boolean;
}

export function define(command: Command): void {
  command
    .option('-a, --all', 'those that do not run too')
    .option('-q, --quiet', 'ids only')
    .option('-n, --last <count>', 'the newest few, running or not')
    .option('-l, --latest', 'the newest one, running or not')
    .option(
      '-f, --filter <key=value>',
      'by id, name, status, label, network, ancestor or exited',
      repeat,
      [],
    )
    .addOption(formatOption())
    .option('--no-trunc', 'whole ids and commands')
    .addHelpText(
      'after',
      examples(
        ['hawser ps', 'what runs, and where it is attached'],
        ['hawser ps -a -f exited=137', 'what was killed'],
        ['hawser ps --format json | jq .endpoints', 'for programs'],
      ),
    );
}

export async function run(door: Door, _args: string[], options: Options): Promise<number> {
  const format = parseFormat(options.format);
  const filters = parseFilters(options.filter);
  const last = options.latest
    ? 1
    : options.last === undefined
      ? undefined
      : parseWhole('--last', options.last, 1);
  const engine = await door.engine();
  const all = options.all === true || last !== undefined;
  const containers = engine.containers.list({ all, filters }).slice(0, last);
  const id = options.trunc ? shortId : (whole: string) => whole;
  if (options.quiet) for (const container of containers) print(door, id(container.id));
  else if (format === 'json') door.stdout.write(jsonLines(containers));
  else door.stdout.write(asTable(engine, door, containers, options.trunc));
  return 0;
}

function asTable(engine: Engine, door: Door, containers: Container[], short: boolean): string {
  const name = names(engine, containers);
  const { good, bad } = colour(door);
  const rows = containers.map((container) => {
    const { state } = container;
    const command = JSON.stringify(container.process.args.join(' '));
    const failed = state.status === 'exited' && state.exitCode !== 0;
    const paint = state.status === 'running' ? good : failed ? bad : (text: string) => text;
    return [
      short ? shortId(container.id) : container.id,
      container.image.reference,
      short ? truncate(command, 20) : command,
      ago(container.created),
      paint(status(container)),
      portsOf(container),
      moorings(container, name),
      container.name,
    ];
  });
  return table(headings, rows);
}

/** Names of networks, and of the containers whose network others share, by id. */
function names({ networks, containers }: Engine, shown: Container[]): (id: string) => string {
  const known = new Map(networks.list().map(({ id, name }) => [id, name]));
  if (shown.some(({ network }) => network.mode.kind === 'container')) {
    for (const { id, name } of containers.list({ all: true })) known.set(id, name);
  }
  return (id) => known.get(id) ?? shortId(id);
}
