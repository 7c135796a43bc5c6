import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { HawserError } from '../../../errors.ts';
import { type Door, print } from '../../door.ts';
import { examples } from '../../examples.ts';

export function define(command: Command): void {
  command
    .argument('<tar>', 'a file, plain or gzipped; - is standard input')
    .argument('<name[:tag]>', 'what the image is to be called')
    .addHelpText(
      'after',
      examples(
        ['hawser image import rootfs.tar.gz debian:12', 'from a file'],
        ['tar -C rootfs -c . | hawser image import - mine', 'from a directory'],
      ),
    );
}

export async function run(door: Door, [tar = '', reference = '']: string[]): Promise<number> {
  const { images } = await door.engine();
  const source = await open(door, tar);
  try {
    const image = await images.import(source, reference);
    print(door, `sha256:${image.id}`);
  } finally {
    source.destroy();
  }
  return 0;
}

/** The tar's bytes; a file that cannot be read is told as such, not as a tar that breaks off. */
async function open(door: Door, tar: string): Promise<Readable> {
  if (tar === '-') {
    if (!door.stdin.isTTY) return door.stdin;
    throw new HawserError('invalid', 'import -: standard input is a terminal, not a tar');
  }
  const file = createReadStream(resolve(door.cwd, tar));
  await new Promise<void>((opened, failed) => {
    file.once('open', () => opened());
    file.once('error', (cause) => {
      failed(
        new HawserError('invalid', `import ${JSON.stringify(tar)}: ${cause.message}`, { cause }),
      );
    });
  });
  return file;
}
