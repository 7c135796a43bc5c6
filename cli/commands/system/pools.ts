import type { Command } from 'commander';
import type { DefaultPool, PoolUse } from '../../../net/addressing/pools.ts';
import type { Door } from '../../door.ts';
import { examples } from '../../examples.ts';
import { formatOption, jsonLines, parseFormat } from '../../format.ts';
import { fieldsOf } from '../../parse/fields.ts';
import { invalid } from '../../parse/invalid.ts';
import { parseWhole } from '../../parse/number.ts';
import { repeat } from '../../parse/repeat.ts';
import { table } from '../../table.ts';

const OPTION = '--default-address-pool';

interface Options {
  defaultAddressPool: string[];
  builtIn?: true;
  format: string;
}

export function define(command: Command): void {
  command
    .option(`${OPTION} <base=cidr,size=bits>`, 'set them, for networks made later', repeat, [])
    .option('--built-in', 'go back to the built-in ones')
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(
        ['hawser system pools', 'which there are, and which networks are in them'],
        [`hawser system pools ${OPTION} base=10.64.0.0/12,size=26`, '16,384 small networks'],
      ),
    );
}

export async function run(door: Door, _args: string[], options: Options) {
  const format = parseFormat(options.format);
  const pools = options.defaultAddressPool.map(parsePool);
  if (options.builtIn && pools.length > 0) {
    throw invalid('--built-in', OPTION, 'both say which pools there are to be');
  }
  const { system } = await door.engine();
  if (options.builtIn || pools.length > 0) system.pools.set(pools);
  const list = system.pools.list();
  door.stdout.write(format === 'json' ? jsonLines(list) : shown(list));
  return 0;
}

/** As dockerd's option of that name: `base=10.0.0.0/8,size=24`. */
function parsePool(text: string): DefaultPool {
  const refuse = (why: string) => invalid(OPTION, text, why, 'base=10.64.0.0/12,size=24');
  const fields = new Map(fieldsOf(text, refuse));
  const [base, size] = [fields.get('base'), fields.get('size')];
  if (base === undefined || size === undefined || fields.size > 2) {
    throw refuse('it has base and size, and nothing else');
  }
  return { base, size: parseWhole(OPTION, size) };
}

function shown(pools: PoolUse[]): string {
  const rows = pools.map(({ base, size, subnets, networks }) => [
    base,
    `/${size}`,
    String(subnets),
    networks.join(', '),
  ]);
  return table(['BASE', 'SIZE', 'SUBNETS', 'NETWORKS'], rows);
}
