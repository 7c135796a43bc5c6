import type { Command } from 'commander';
import { type Door, print } from '../../door.ts';
import { examples } from '../../examples.ts';
import { formatOption, jsonLines, parseFormat } from '../../format.ts';
import { shortId } from '../../human.ts';
import { table } from '../../table.ts';

interface Options {
  quiet?: true;
  format: string;
  trunc: boolean;
}

export function define(command: Command): void {
  command
    .option('-q, --quiet', 'ids only')
    .addOption(formatOption())
    .option('--no-trunc', 'whole ids')
    .addHelpText(
      'after',
      examples(['hawser network ls', 'names, subnets, and how many are attached']),
    );
}

export async function run(door: Door, _args: string[], options: Options): Promise<number> {
  const format = parseFormat(options.format);
  const engine = await door.engine();
  const networks = engine.networks.list();
  const id = options.trunc ? shortId : (whole: string) => whole;
  if (options.quiet) for (const network of networks) print(door, id(network.id));
  else if (format === 'json') door.stdout.write(jsonLines(networks));
  else {
    const endpoints = engine.endpoints();
    const rows = networks.map((network) => [
      id(network.id),
      network.name,
      network.driver,
      network.subnets.map(({ subnet }) => subnet).join(', '),
      network.driver === 'host' || network.driver === 'null'
        ? ''
        : String(endpoints.filter((endpoint) => endpoint.network === network.id).length),
      network.internal ? 'internal' : '',
    ]);
    door.stdout.write(table(['NETWORK ID', 'NAME', 'DRIVER', 'SUBNETS', 'ATTACHED', ''], rows));
  }
  return 0;
}
