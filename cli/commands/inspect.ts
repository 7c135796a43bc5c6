import { type Command, Option } from 'commander';
import type { Engine } from '../../engine/engine.ts';
import { plain } from '../../engine/names.ts';
import { HawserError } from '../../errors.ts';
import type { Door } from '../door.ts';
import { examples } from '../examples.ts';
import { formatJsonOption, inspectAll } from '../inspect.ts';

const kinds = ['container', 'network', 'image'] as const;
type Kind = (typeof kinds)[number];

interface Options {
  type?: Kind;
  format: string;
}

export function define(command: Command): void {
  command
    .argument('<thing...>', 'names, ids or their beginnings')
    .addOption(new Option('--type <type>', 'only one kind').choices(kinds))
    .addOption(formatJsonOption())
    .addHelpText(
      'after',
      examples(
        ['hawser inspect web', 'a container: its process, limits, endpoints'],
        ['hawser inspect --type network blue', 'the network, not a container of that name'],
      ),
    );
}

export async function run(door: Door, refs: string[], options: Options): Promise<number> {
  return inspectAll(door, refs, options, (engine, ref) => find(engine, ref, options.type));
}

/** The first kind of thing that the reference names: a container, a network, an image. */
function find(engine: Engine, ref: string, type: Kind | undefined): unknown {
  const look: Record<Kind, () => unknown> = {
    container: () => engine.containers.inspect(ref),
    network: () => engine.networks.inspect(ref),
    image: () => engine.images.inspect(ref),
  };
  if (type !== undefined) return look[type]();
  for (const kind of kinds) {
    try {
      return look[kind]();
    } catch (error) {
      const isOther = error instanceof HawserError && /^(not-found|invalid)$/.test(error.code);
      if (!isOther) throw error;
    }
  }
  throw new HawserError(
    'not-found',
    `inspect ${plain(ref)}: no container, network or image is called so`,
  );
}
