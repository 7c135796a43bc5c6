import type { Command } from 'commander';
import type { Door } from '../../door.ts';
import { examples } from '../../examples.ts';
import { parseSettings } from '../../parse/attachment.ts';
import type { RateOptions } from '../../parse/rate.ts';
import { repeat } from '../../parse/repeat.ts';

interface Options extends RateOptions {
  ip?: string;
  ip6?: string;
  macAddress?: string;
  alias: string[];
  gwPriority?: string;
  ifname?: string;
  mtu?: string;
  route: string[];
  sysctl: string[];
  driverOpt: string[];
}

export function define(command: Command): void {
  const many = (flags: string, description: string) =>
    command.option(flags, description, repeat, []);
  command
    .argument('<network>', 'its name, id or beginning')
    .argument('<container>', 'a name, an id or its beginning; running or not')
    .option('--ip <address>', 'an IPv4 address to insist on')
    .option('--ip6 <address>', 'an IPv6 address to insist on')
    .option('--mac-address <mac>', 'a MAC address to insist on');
  many('--alias <name>', 'one more name on this network');
  command
    .option('--gw-priority <number>', 'the default route is by the network with the highest')
    .option('--ifname <name>', "the interface's name; default the next eth0, eth1, ...")
    .option('--mtu <bytes>', "at most the network's")
    .option('--egress-rate <rate>', 'what it may send a second there: 10mbit, 1gbit')
    .option('--ingress-rate <rate>', 'what it may receive a second there')
    .option(
      '--burst <size>',
      'what may go at once after a pause: 32k (default: 40 ms of the rate)',
    );
  many('--route <route>', 'one more route: "10.9.0.0/16 via 10.5.0.254 metric 50"');
  many('--sysctl <name=value>', 'of the interface: net.ipv4.conf.IFNAME.log_martians=1');
  many('--driver-opt <name=value>', "the same by Docker's names: com.docker.network.endpoint.*");
  command.addHelpText(
    'after',
    examples(
      ['hawser network connect green web', 'web gets one more interface, at once'],
      ['hawser network connect --ip 10.6.0.9 --alias db green pg', 'as db, at an address'],
      ['hawser network connect --gw-priority 1 uplink web', 'and web leaves by it from now on'],
    ),
  );
}

export async function run(door: Door, args: string[], options: Options): Promise<number> {
  const [network = '', container = ''] = args;
  const one = (text: string | undefined) => (text === undefined ? [] : [text]);
  const settings = parseSettings(
    {
      ip: one(options.ip),
      ip6: one(options.ip6),
      'mac-address': one(options.macAddress),
      alias: options.alias,
      'gw-priority': one(options.gwPriority),
      ifname: one(options.ifname),
      mtu: one(options.mtu),
      'egress-rate': one(options.egressRate),
      'ingress-rate': one(options.ingressRate),
      burst: one(options.burst),
      route: options.route,
      sysctl: options.sysctl,
      'driver-opt': options.driverOpt,
    },
    (field) => `--${field}`,
  );
  (await door.engine()).networks.connect(network, container, settings);
  return 0;
}
