import type { Command } from 'commander';
import type { Containers } from '../../engine/engine.ts';
import { HawserError } from '../../errors.ts';
import { complaint, failed } from '../complaint.ts';
import { createWithIdFile, discardIdFile } from '../create/id-file.ts';
import { type ContainerOptions, containerOptions } from '../create/options.ts';
import { createRequest } from '../create/request.ts';
import { type Door, print } from '../door.ts';
import { examples } from '../examples.ts';
import {
  type ForegroundOptions,
  foregroundOptions,
  parseForeground,
  runInForeground,
} from '../foreground.ts';
import { requireTerminal } from '../streams.ts';

interface Options extends ContainerOptions, ForegroundOptions {
  detach?: true;
}

export function define(command: Command): void {
  containerOptions(command).option('-d, --detach', 'leave it running, and print its id');
  foregroundOptions(command).addHelpText(
    'after',
    examples(
      ['hawser run --rm -it busybox sh', 'a shell; gone when you leave it'],
      ['hawser run -d --name web -p 8080:80 busybox httpd -f', 'a server behind port 8080'],
      ['hawser run --rm --network container:web busybox ip addr', "inside web's own network"],
      ['hawser run -d --network blue --ip 10.5.0.9 -m 64m busybox top', 'an address, and a limit'],
    ),
  );
}

export async function run(door: Door, args: string[], options: Options): Promise<number> {
  const request = createRequest(args, options, door);
  const how = { ...parseForeground(options), stdin: true };
  if (!options.detach) requireTerminal(door, { tty: !!options.tty, stdin: !!options.interactive });
  const engine = await door.engine();
  const { containers } = engine;
  const container = createWithIdFile(options.cidfile, door.cwd, () => containers.create(request));
  try {
    if (!options.detach) return await runInForeground(engine, door, container, how);
    await containers.start(container.id);
    print(door, container.id);
    return 0;
  } catch (error) {
    // A command that cannot be executed is the container's own affair, to be looked into.
    const isRefused = complaint(error).exitCode === failed;
    const isUnwanted = options.rm || isRefused;
    if (isUnwanted && (await removeUnstarted(containers, container.id, error))) {
      discardIdFile(options.cidfile, door.cwd);
    }
    throw error;
  }
}

/** Nothing is left of a run that was refused; one that runs on is left to its monitor. */
async function removeUnstarted(
  containers: Containers,
  id: string,
  cause: unknown,
): Promise<boolean> {
  try {
    const [container] = containers.list({ all: true, filters: { id: [id] } });
    if (container?.state.status !== 'created') return container === undefined;
    await containers.remove(id);
    return true;
  } catch (error) {
    const sentence = (failure: unknown) => (failure instanceof Error ? failure.message : failure);
    throw new HawserError('kernel', `${sentence(cause)}; and removing it: ${sentence(error)}`, {
      cause,
    });
  }
}
