import type { Command } from 'commander';
import type { PolicyPort } from '../../../../net/policy/policy.ts';
import { type Door, print } from '../../../door.ts';
import { examples } from '../../../examples.ts';
import { formatOption, jsonLines, parseFormat } from '../../../format.ts';
import { table } from '../../../table.ts';

export function define(command: Command): void {
  command
    .argument('<network>', 'its name, id or beginning')
    .addOption(formatOption())
    .addHelpText('after', examples(['hawser network policy ls blue', 'its rules and its default']));
}

export async function run(
  door: Door,
  [network = '']: string[],
  options: { format: string },
): Promise<number> {
  const format = parseFormat(options.format);
  const policy = (await door.engine()).networks.policy.of(network);
  if (format === 'json') {
    door.stdout.write(jsonLines([policy]));
    return 0;
  }
  const rows = policy.rules.map(({ id, verdict, from, to, ports }) => [
    String(id),
    verdict,
    from,
    to,
    ports.length === 0 ? 'all' : ports.map(portText).join(', '),
  ]);
  if (rows.length > 0) {
    door.stdout.write(table(['RULE', 'VERDICT', 'FROM', 'TO', 'PORTS'], rows));
  }
  print(door, `default: ${policy.default}`);
  return 0;
}

function portText({ protocol, first, last }: PolicyPort): string {
  return `${first === last ? first : `${first}-${last}`}/${protocol}`;
}
