import type { Command } from 'commander';
import type { Image } from '../../../image/image.ts';
import { type Door, print } from '../../door.ts';
import { examples } from '../../examples.ts';
import { formatOption, jsonLines, parseFormat } from '../../format.ts';
import { ago, shortId, size } from '../../human.ts';
import { table } from '../../table.ts';

interface Options {
  quiet?: true;
  format: string;
  trunc: boolean;
}

export function define(command: Command): void {
  command
    .option('-q, --quiet', 'ids only')
    .addOption(formatOption())
    .option('--no-trunc', 'whole ids')
    .addHelpText('after', examples(['hawser image ls', 'names, ids, sizes']));
}

export async function run(door: Door, _args: string[], options: Options): Promise<number> {
  const format = parseFormat(options.format);
  const images = (await door.engine()).images.list();
  const id = options.trunc ? shortId : (whole: string) => `sha256:${whole}`;
  if (options.quiet) for (const image of images) print(door, id(image.id));
  else if (format === 'json') door.stdout.write(jsonLines(images));
  else {
    const rows = images.flatMap((image) =>
      names(image).map((name) => [...name, id(image.id), ago(image.created), size(image.size)]),
    );
    door.stdout.write(table(['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE'], rows));
  }
  return 0;
}

/** Name and tag of each reference; the colon of a registry's port is none of a tag's. */
function names({ references }: Image): [name: string, tag: string][] {
  if (references.length === 0) return [['<none>', '<none>']];
  return references.map((reference) => {
    const [, name = reference, tag = 'latest'] = /^(.*):([^:/]*)$/.exec(reference) ?? [];
    return [name, tag];
  });
}
