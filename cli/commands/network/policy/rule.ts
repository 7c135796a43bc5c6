/** `policy allow` and `policy deny`, which differ in their verdict alone. */
import type { Command } from 'commander';
import type { Verdict } from '../../../../net/policy/policy.ts';
import { type CommandModule, type Door, print } from '../../../door.ts';
import { examples } from '../../../examples.ts';
import { repeat } from '../../../parse/repeat.ts';

interface Options {
  from: string;
  to: string;
  port: string[];
}

export function ruleCommand(verdict: Verdict, shown: [string, string][]): CommandModule {
  return {
    define(command: Command) {
      command
        .argument('<network>', 'its name, id or beginning')
        .option(
          '--from <who>',
          'who connects: any, a name, label=KEY[=VALUE], an address or subnet',
          'any',
        )
        .option('--to <whom>', 'to whom: the same, or host', 'any')
        .option('--port <port[-last][/protocol]>', 'to these ports, tcp or udp', repeat, [])
        .addHelpText('after', examples(...shown));
    },
    async run(door: Door, [network = '']: string[], { from, to, port }: Options) {
      const { policy } = (await door.engine()).networks;
      print(door, String(policy.add(network, { verdict, from, to, ports: port }).id));
      return 0;
    },
  };
}
