import type { Command } from 'commander';
import type { Door } from '../../door.ts';
import { examples } from '../../examples.ts';
import { parseAddress, parseMac } from '../../parse/address.ts';
import { defined } from '../../parse/attachment.ts';
import { repeat } from '../../parse/repeat.ts';

interface Options {
  ip?: string;
  ip6?: string;
  macAddress?: string;
  alias: string[];
}

export function define(command: Command): void {
  command
    .argument('<network>', 'its name, id or beginning')
    .argument('<container>', 'a name, an id or its beginning; running or not')
    .option('--ip <address>', 'an IPv4 address to insist on')
    .option('--ip6 <address>', 'an IPv6 address to insist on')
    .option('--mac-address <mac>', 'a MAC address to insist on')
    .option('--alias <name>', 'one more name on this network', repeat, [])
    .addHelpText(
      'after',
      examples(
        ['hawser network connect green web', 'web gets one more interface, at once'],
        ['hawser network connect --ip 10.6.0.9 --alias db green pg', 'as db, at an address'],
      ),
    );
}

export async function run(door: Door, args: string[], options: Options): Promise<number> {
  const [network = '', container = ''] = args;
  const { ip, ip6, macAddress, alias } = options;
  const attachment = defined({
    ip: ip === undefined ? undefined : parseAddress('--ip', ip, 4),
    ip6: ip6 === undefined ? undefined : parseAddress('--ip6', ip6, 6),
    mac: macAddress === undefined ? undefined : parseMac('--mac-address', macAddress),
    aliases: alias,
  });
  (await door.engine()).networks.connect(network, container, attachment);
  return 0;
}
