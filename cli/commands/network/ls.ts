import type { Command } from 'commander';
import type { Engine } from '../../../engine/engine.ts';
import type { ListedNetwork } from '../../../engine/predefined.ts';
import type { Counters } from '../../../net/model.ts';
import { type Door, print } from '../../door.ts';
import { examples } from '../../examples.ts';
import { formatOption, jsonLines, parseFormat } from '../../format.ts';
import { shortId, size } from '../../human.ts';
import { parseNetworkFilters } from '../../parse/network-filter.ts';
import { repeat } from '../../parse/repeat.ts';
import { table } from '../../table.ts';

interface Options {
  quiet?: true;
  filter: string[];
  format: string;
  trunc: boolean;
}

export function define(command: Command): void {
  command
    .option('-q, --quiet', 'ids only')
    .option('-f, --filter <key=value>', 'by id, name, driver, label or type', repeat, [])
    .addOption(formatOption())
    .option('--no-trunc', 'whole ids')
    .addHelpText(
      'after',
      examples(
        ['hawser network ls', 'names, subnets, who is attached, what went to the host and back'],
        ['hawser network ls -f type=custom -f label=tier=front', 'some of them'],
        ["hawser network ls --format json | jq '.counters.rx.drops'", 'for programs'],
      ),
    );
}

const headings = ['NETWORK ID', 'NAME', 'DRIVER', 'SUBNETS', 'ATTACHED', 'RX', 'TX', ''];

export async function run(door: Door, _args: string[], options: Options): Promise<number> {
  const format = parseFormat(options.format);
  const filters = parseNetworkFilters(options.filter);
  const engine = await door.engine();
  const networks = engine.networks.list(filters);
  const id = options.trunc ? shortId : (whole: string) => whole;
  if (options.quiet) for (const network of networks) print(door, id(network.id));
  else if (format === 'json') door.stdout.write(jsonLines(counted(engine, networks)));
  else door.stdout.write(table(headings, rows(engine, networks, id)));
  return 0;
}

function counted({ networks }: Engine, listed: ListedNetwork[]): object[] {
  const counters = networks.counters();
  return listed.map((network) => ({ ...network, counters: counters.get(network.id) }));
}

function rows(engine: Engine, listed: ListedNetwork[], id: (whole: string) => string): string[][] {
  const counters = engine.networks.counters();
  const attached = new Map<string, number>();
  for (const { network } of engine.endpoints()) {
    attached.set(network, (attached.get(network) ?? 0) + 1);
  }
  return listed.map((network) => [
    id(network.id),
    network.name,
    network.driver,
    network.subnets.map(({ subnet }) => subnet).join(', '),
    network.driver === 'host' || network.driver === 'null'
      ? ''
      : String(attached.get(network.id) ?? 0),
    ...carried(counters.get(network.id)),
    network.internal ? 'internal' : '',
  ]);
}

/** What came to the host over the network's bridge, and what the host sent. */
function carried(counters: Counters | undefined): string[] {
  return counters === undefined ? ['', ''] : [size(counters.rx.bytes), size(counters.tx.bytes)];
}
