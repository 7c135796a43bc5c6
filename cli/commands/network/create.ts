import { type Command, Option } from 'commander';
import { type Door, print } from '../../door.ts';
import { examples } from '../../examples.ts';
import { parseBoolean } from '../../parse/number.ts';
import { parsePairs } from '../../parse/pairs.ts';
import { repeat } from '../../parse/repeat.ts';
import { parseSubnets, type SubnetOptions } from '../../parse/subnets.ts';

interface Options extends SubnetOptions {
  driver: string;
  internal?: true;
  ignoreHostRoutes?: true;
  ipv4: string;
  ipv6?: true;
  opt: string[];
  label: string[];
}

export function define(command: Command): void {
  const many = (flags: string, description: string) =>
    command.option(flags, description, repeat, []);
  command.argument('<name>', "the network's name");
  many('--subnet <cidr>', 'IPv4 or IPv6, one of each; default one that is free on this host');
  many('--gateway <address>', "the host's own address on it; default the subnet's first");
  many('--ip-range <cidr>', 'hand out only these addresses of a subnet');
  many('--aux-address <name=address>', 'never hand out this one');
  command
    .option('--ipv6', 'IPv6 too; without an IPv6 --subnet, a /64 of unique local addresses')
    .addOption(new Option('--ipv4 <true|false>', 'IPv4').default('true'))
    .option('--ignore-host-routes', "overlap with what the host's own links reach, if need be")
    .option('--internal', 'no way out and none in: its containers reach only each other')
    .option('-d, --driver <driver>', 'bridge, macvlan or ipvlan', 'bridge');
  many('-o, --opt <name=value>', 'an option of the driver');
  many('--label <key[=value]>', 'a label');
  command.addHelpText(
    'after',
    examples(
      ['hawser network create blue', 'a subnet that is free'],
      ['hawser network create --subnet 10.5.0.0/24 --gateway 10.5.0.254 green', 'chosen ones'],
      ['hawser network create --ipv6 dual', 'IPv4 and IPv6, both free'],
      ['hawser network create --subnet 10.6.0.0/24 --subnet fd00:6::/64 two', 'both chosen'],
      [
        'hawser network create -d macvlan --subnet 10.7.0.0/24 -o parent=eth1 lan',
        'on the wire of eth1',
      ],
    ),
  );
}

export async function run(door: Door, [name = '']: string[], options: Options): Promise<number> {
  const spec = {
    name,
    driver: options.driver,
    subnets: parseSubnets(options),
    internal: options.internal === true,
    ipv4: parseBoolean('--ipv4', options.ipv4),
    ...(options.ipv6 && { ipv6: true }),
    ...(options.ignoreHostRoutes && { ignoreHostRoutes: true }),
    options: parsePairs('--opt', options.opt, ''),
    labels: parsePairs('--label', options.label, ''),
  };
  const { networks } = await door.engine();
  print(door, networks.create(spec).id);
  return 0;
}
