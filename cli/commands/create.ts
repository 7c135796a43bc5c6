import type { Command } from 'commander';
import { createWithIdFile } from '../create/id-file.ts';
import { type ContainerOptions, containerOptions } from '../create/options.ts';
import { createRequest } from '../create/request.ts';
import { type Door, print } from '../door.ts';
import { examples } from '../examples.ts';

export function define(command: Command): void {
  containerOptions(command).addHelpText(
    'after',
    examples(
      ['hawser create --name db --network blue busybox top', 'made, not started'],
      ['hawser start db', 'start it'],
    ),
  );
}

export async function run(door: Door, args: string[], options: ContainerOptions): Promise<number> {
  const request = createRequest(args, options, door);
  const { containers } = await door.engine();
  const container = createWithIdFile(options.cidfile, door.cwd, () => containers.create(request));
  print(door, container.id);
  return 0;
}
