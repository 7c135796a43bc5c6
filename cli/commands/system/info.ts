import type { Command } from 'commander';
import type { SystemInfo } from '../../../engine/engine.ts';
import { type Door, print } from '../../door.ts';
import { examples } from '../../examples.ts';
import { formatOption, parseFormat } from '../../format.ts';
import { binarySize } from '../../human.ts';
import { type Colour, colour } from '../../style.ts';
import { properties } from '../../table.ts';

export function define(command: Command): void {
  command
    .addOption(formatOption())
    .addHelpText('after', examples(['hawser system info', 'also: what this kernel lacks']));
}

export async function run(door: Door, _args: string[], options: { format: string }) {
  const format = parseFormat(options.format);
  const info = (await door.engine()).system.info();
  if (format === 'json') print(door, JSON.stringify(info));
  else door.stdout.write(describe(info, colour(door)));
  return 0;
}

function describe(info: SystemInfo, { good, bad }: Colour): string {
  const { running, created, exited } = info.containers;
  const facts = properties([
    ['Version', info.version],
    ['Root', info.root],
    ['Run', info.run],
    ['Kernel', info.kernel],
    ['cgroup', info.cgroup],
    ['CPUs', String(info.cpus)],
    ['Memory', binarySize(info.memory)],
    ['Containers', `${running} running, ${created} created, ${exited} exited`],
    ['Networks', String(info.networks)],
    ['Images', String(info.images)],
  ]);
  const features = info.features.map(({ name, available, detail }): [string, string] => [
    `  ${name}`,
    `${available ? good('yes') : bad('no')}${detail === undefined ? '' : ` (${detail})`}`,
  ]);
  return features.length === 0 ? facts : `${facts}Features:\n${properties(features)}`;
}
