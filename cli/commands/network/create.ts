import type { Command } from 'commander';
import { type Door, print } from '../../door.ts';
import { examples } from '../../examples.ts';
import { parsePairs } from '../../parse/pairs.ts';
import { repeat } from '../../parse/repeat.ts';
import { parseSubnets, type SubnetOptions } from '../../parse/subnets.ts';

interface Options extends SubnetOptions {
  driver: string;
  internal?: true;
  opt: string[];
  label: string[];
}

export function define(command: Command): void {
  const many = (flags: string, description: string) =>
    command.option(flags, description, repeat, []);
  command.argument('<name>', "the network's name");
  many('--subnet <cidr>', 'IPv4 or IPv6; default one that is free on this host');
  many('--gateway <address>', "the host's own address on it; default the subnet's first");
  many('--ip-range <cidr>', 'hand out only these addresses of a subnet');
  many('--aux-address <name=address>', 'never hand out this one');
  command
    .option('--internal', 'no way out and none in: its containers reach only each other')
    .option('-d, --driver <driver>', 'how it is made', 'bridge');
  many('-o, --opt <name=value>', 'an option of the driver');
  many('--label <key[=value]>', 'a label');
  command.addHelpText(
    'after',
    examples(
      ['hawser network create blue', 'a subnet that is free'],
      ['hawser network create --subnet 10.5.0.0/24 --gateway 10.5.0.254 green', 'chosen ones'],
      ['hawser network create --subnet 10.6.0.0/24 --subnet fd00:6::/64 two', 'IPv4 and IPv6'],
    ),
  );
}

export async function run(door: Door, [name = '']: string[], options: Options): Promise<number> {
  const spec = {
    name,
    driver: options.driver,
    subnets: parseSubnets(options),
    internal: options.internal === true,
    options: parsePairs('--opt', options.opt, ''),
    labels: parsePairs('--label', options.label, ''),
  };
  const { networks } = await door.engine();
  print(door, networks.create(spec).id);
  return 0;
}
