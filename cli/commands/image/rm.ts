import type { Command } from 'commander';
import type { Door } from '../../door.ts';
import { each } from '../../each.ts';
import { examples } from '../../examples.ts';

export function define(command: Command): void {
  command
    .argument('<image...>', 'NAME[:TAG], ids or their beginnings')
    .option('-f, --force', 'with all its names')
    .addHelpText(
      'after',
      examples(['hawser image rm busybox', 'the name; with the last name the image']),
    );
}

export async function run(door: Door, refs: string[], options: { force?: true }): Promise<number> {
  const { images } = await door.engine();
  return each(door, refs, (ref) => {
    const { untagged, deleted } = images.remove(ref, { force: options.force === true });
    const lines = [
      ...untagged.map((reference) => `Untagged: ${reference}`),
      ...deleted.map((id) => `Deleted: sha256:${id}`),
    ];
    return lines.length === 0 ? undefined : lines.join('\n');
  });
}
