import { createHash, type Hash } from 'node:crypto';
import { chmodSync, existsSync, fsyncSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { close, O_RDONLY, open } from '../native/libc.ts';
import { abandonedScratch, makeScratch, sweepScratch } from './scratch.ts';
import { readTar } from './tar/read.ts';
import { uncompress } from './uncompress.ts';
import { syncFileSystem } from './unpack/syscalls.ts';
import { unpack } from './unpack/unpack.ts';

/** Unpacked layers, each in a directory named by the sha256 of its uncompressed tar (its diff id). */
export interface Layers {
  /** Unpacks an archive beside the layers; only `keep` makes a layer of it. */
  unpack(
    archive: AsyncIterable<Uint8Array>,
    note: (sentence: string) => void,
  ): Promise<UnpackedLayer>;
  /** Moves it to its place, unless the same layer is there already. */
  keep(layer: UnpackedLayer): void;
  /** The layer's directory. */
  path(id: string): string;
  /** Takes the layers that are not needed out of their places. */
  setAside(isNeeded: (id: string) => boolean): SetAside;
  /** Those that are in their places. */
  ids(): string[];
  /** What killed processes have left half done. */
  unfinished(): string[];
  /** Removes it. */
  sweep(): void;
}

export interface UnpackedLayer {
  id: string;
  /** Bytes of its files. */
  size: number;
  directory: string;
  /** Removes what was unpacked, if it was not kept. */
  dispose(): void;
}

export interface SetAside {
  ids: string[];
  /** Removes them for good, which takes its time. */
  dispose(): void;
}

const LAYER = /^[0-9a-f]{64}$/;

/**
 * The layers in a directory, which is made at the first need. `keep` and `setAside` belong into one
 * store transaction with what they depend on: they rename, so that a layer is there whole or not.
 */
export function openLayers(directory: string): Layers {
  // Layers hold setuid programs; users of the machine must not come near them.
  const ensure = (): void => void mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = (id: string): string => join(directory, id);
  const present = (): string[] =>
    (existsSync(directory) ? readdirSync(directory) : []).filter((name) => LAYER.test(name));

  return {
    path,

    async unpack(archive, note) {
      ensure();
      const scratch = makeScratch(directory);
      try {
        const root = join(scratch.path, 'root');
        mkdirSync(root);
        chmodSync(root, 0o755);
        const hash = createHash('sha256');
        const size = await unpack(readTar(hashed(uncompress(archive), hash)), root, note);
        withDirectory(root, syncFileSystem);
        return { id: hash.digest('hex'), size, directory: root, dispose: scratch.dispose };
      } catch (error) {
        scratch.dispose();
        throw error;
      }
    },

    keep(layer) {
      if (existsSync(path(layer.id))) return;
      renameSync(layer.directory, path(layer.id));
      withDirectory(directory, fsyncSync);
    },

    setAside(isNeeded) {
      const ids = present().filter((id) => !isNeeded(id));
      if (ids.length === 0) return { ids, dispose: () => {} };
      const trash = makeScratch(directory);
      try {
        for (const id of ids) renameSync(path(id), join(trash.path, id));
      } catch (error) {
        trash.dispose();
        throw error;
      }
      return { ids, dispose: trash.dispose };
    },

    ids: present,
    unfinished: () => (existsSync(directory) ? abandonedScratch(directory) : []),
    sweep() {
      if (existsSync(directory)) sweepScratch(directory);
    },
  };
}

async function* hashed(
  source: AsyncIterable<Uint8Array>,
  hash: Hash,
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
}

function withDirectory(path: string, work: (fd: number) => void): void {
  const fd = open(path, O_RDONLY);
  try {
    work(fd);
  } finally {
    close(fd);
  }
}
