/** A real root filesystem for tests: this machine's static busybox, as scripts/busybox-image.sh packs it. */
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Image } from '../../image/image.ts';

const script = fileURLToPath(new URL('../../scripts/busybox-image.sh', import.meta.url));

/** Packs the tar into a directory, and returns the archive's path. */
export function makeBusyboxTar(directory: string): string {
  const path = join(directory, 'busybox.tar');
  execFileSync(script, [path], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
  return path;
}

/** Imports busybox under a name, by the engine's images or the image room's. */
export async function importBusybox(
  images: { import(tar: Readable, reference: string): Promise<Image> },
  reference = 'busybox',
): Promise<Image> {
  const directory = mkdtempSync(join(tmpdir(), 'hawser-busybox-'));
  try {
    return await images.import(createReadStream(makeBusyboxTar(directory)), reference);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
