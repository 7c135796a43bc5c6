import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { HawserError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { type Catalog, openCatalog } from './catalog.ts';
import { describeImage } from './config.ts';
import type { Image, ImageConfig } from './image.ts';
import { openLayers, type UnpackedLayer } from './layers.ts';
import { formatReference, parseReference, quote } from './reference.ts';
import { ArchiveError } from './tar/archive-error.ts';
import { kernelWords, UnpackError } from './unpack/failure.ts';

export interface Images {
  /**
   * Makes an image of one layer from a tar of a root filesystem, plain or gzipped, and gives it the
   * name, which it takes from the image that had it. The same tar again shares the layer.
   *
   * @throws HawserError `invalid` for a bad name or archive; nothing is left of a failed import
   */
  import(tar: Readable, reference: string, options?: { config?: ImageConfig }): Promise<Image>;
  /** The newest first. */
  list(): Image[];
  /**
   * By `NAME[:TAG]`, by id, or by an id's unambiguous beginning.
   *
   * @param attempt begins the sentence of a failure: `create container web`
   */
  get(ref: string, attempt?: string): Image;
  /**
   * Takes a name away, and deletes an image that has no other. By id, the image goes with its names,
   * of which it may have several only if forced. An image that a container uses stays: its last name
   * goes only if forced, and by id it is refused always.
   */
  remove(ref: string, options: RemoveOptions): { untagged: string[]; deleted: string[] };
  /** The directories of an image's layers, topmost first, as overlayfs wants them. */
  layerPaths(image: Image): string[];
  /** What killed processes have left behind, and how each goes. */
  leftovers(): Leftover[];
}

export interface Leftover {
  kind: 'image';
  /** A sentence. */
  what: string;
  mend(): void;
}

export interface RemoveOptions {
  /** The name of a container that uses the image of this id. Asked under the store's writer lock. */
  inUse: (id: string) => string | undefined;
  force?: boolean;
}

/**
 * Opens the images of a state directory.
 *
 * @param options.root where `layers/` lies or is to be made
 * @param options.onNote told in a sentence what an import left out
 * @param options.onStep called after each step that changes something; what it throws fails the call
 */
export function openImages(options: {
  root: string;
  store: Store;
  onNote?: (note: string) => void;
  onStep?: (step: string) => void;
}): Images {
  const { root, store, onNote = () => {}, onStep = () => {} } = options;
  const layers = openLayers(join(root, 'layers'));
  const catalog = openCatalog(store);

  /** Unneeded layers leave their places under the lock, and the disk after it. */
  function collect(): string[] {
    const unneeded = store.transaction(() => {
      const needed = catalog.layers();
      return layers.setAside((id) => needed.has(id));
    });
    try {
      onStep('image: set layers aside');
      return unneeded.ids;
    } finally {
      unneeded.dispose();
    }
  }

  function leftovers(): Leftover[] {
    const unfinished = layers.unfinished();
    const needed = catalog.layers();
    return [
      ...unfinished.map((path) => ({
        kind: 'image' as const,
        what: `${path} is left of an import or removal that did not end`,
        mend: () => layers.sweep(),
      })),
      ...layers
        .ids()
        .filter((id) => !needed.has(id))
        .map((id) => ({
          kind: 'image' as const,
          what: `layer ${id.slice(0, 12)} belongs to no image`,
          mend: () => void collect(),
        })),
    ];
  }

  async function importAs(name: string, tar: Readable, config: ImageConfig): Promise<Image> {
    const attempt = `import ${name}`;
    const note = (sentence: string): void => onNote(`${attempt}: ${sentence}`);
    try {
      layers.sweep();
      collect();
      const layer = await layers.unpack(readSource(tar, attempt), note);
      try {
        onStep('image: unpack');
        return record(name, layer, config);
      } finally {
        layer.dispose();
      }
    } catch (error) {
      throw inSentence(attempt, error);
    }
  }

  /** Layer and record come together, or not at all. */
  function record(name: string, layer: UnpackedLayer, config: ImageConfig): Image {
    const image = describeImage([layer.id], layer.size, config);
    try {
      return store.transaction(() => {
        layers.keep(layer);
        onStep('image: keep layer');
        catalog.add(image.id, image.record, name);
        onStep('image: record');
        return catalog.find(image.id, name).image;
      });
    } catch (error) {
      collect();
      throw error;
    }
  }

  return {
    leftovers,

    async import(tar, reference, { config = {} } = {}) {
      try {
        return await importAs(formatReference(parseReference(reference)), tar, config);
      } finally {
        tar.destroy(); // a file that was not touched is open too
      }
    },

    list: () => catalog.list(),
    get: (ref, attempt = 'find image') => catalog.find(ref, attempt).image,

    remove(ref, { inUse, force = false }) {
      const removed = store.transaction(() => removeRecords(catalog, ref, inUse, force));
      onStep('image: remove records');
      collect();
      return removed;
    },

    layerPaths: (image) =>
      image.layers.toReversed().map((id) => {
        const path = layers.path(id);
        if (existsSync(path)) return path;
        throw new HawserError(
          'corrupt',
          `use image ${image.id.slice(0, 12)}: its layer ${path} is gone`,
        );
      }),
  };
}

/** Docker's rules of `rmi`, but that containers here need the layers of their image. */
function removeRecords(
  catalog: Catalog,
  ref: string,
  inUse: RemoveOptions['inUse'],
  force: boolean,
): { untagged: string[]; deleted: string[] } {
  const attempt = `remove image ${quote(ref)}`;
  const { image, name } = catalog.find(ref, attempt);
  const user = inUse(image.id);
  const isLast = image.references.length <= 1;

  if (name !== undefined && !isLast) {
    catalog.untag(name);
    return { untagged: [name], deleted: [] };
  }
  if (user !== undefined && (name === undefined || !force)) {
    throw new HawserError('in-use', `${attempt}: container ${user} uses it`, {
      hint: `remove the container first: hawser rm ${user}`,
    });
  }
  if (name === undefined && !isLast && !force) {
    throw new HawserError('in-use', `${attempt}: it is known as ${image.references.join(', ')}`, {
      hint: 'remove it by one of these names, or all of it with --force',
    });
  }
  for (const reference of image.references) catalog.untag(reference);
  if (user !== undefined) return { untagged: image.references, deleted: [] };
  catalog.delete(image.id);
  return { untagged: image.references, deleted: [image.id] };
}

/** The archive's bytes; failures to read them are told from failures of the archive. */
async function* readSource(tar: Readable, attempt: string): AsyncGenerator<Uint8Array, void> {
  try {
    yield* tar;
  } catch (error) {
    const what =
      error instanceof Error && 'path' in error ? `read ${error.path}` : 'read the archive';
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const words = kernelWords(error) ?? (error instanceof Error ? error.message : String(error));
    throw new HawserError(isMissing ? 'not-found' : 'kernel', `${attempt}: ${what}: ${words}`, {
      cause: error,
    });
  }
}

function inSentence(attempt: string, error: unknown): unknown {
  if (error instanceof ArchiveError) {
    return new HawserError('invalid', `${attempt}: ${error.message}`, { cause: error });
  }
  if (error instanceof UnpackError) {
    return new HawserError('kernel', `${attempt}: ${error.message}`, { cause: error });
  }
  return error;
}
