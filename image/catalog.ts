import { HawserError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { type ImageRecord, layersOf, readImage } from './config.ts';
import type { Image } from './image.ts';
import { formatReference, parseReference, quote } from './reference.ts';

/** The store's knowledge of images: what they are, and which names lead to them. */
export interface Catalog {
  /** The newest first. */
  list(): Image[];
  /**
   * By `NAME[:TAG]`, by id, or by an id's unambiguous beginning; a name goes before a beginning.
   *
   * @param attempt begins the sentence of a failure
   * @returns `name` is the reference it was found by, undefined if it was by id
   */
  find(ref: string, attempt: string): { image: Image; name: string | undefined };
  /** Records an image under a name, which is taken from the image that had it. */
  add(id: string, record: ImageRecord, name: string): void;
  untag(name: string): void;
  delete(id: string): void;
  /** The layers of all images. */
  layers(): Set<string>;
}

export function openCatalog(store: Store): Catalog {
  const records = store.table<ImageRecord>('images');
  const idByName = store.table<string>('image-names');

  function imageOf(id: string, record: ImageRecord): Image {
    const names = Array.from(idByName.entries()).filter(([, holder]) => holder === id);
    return readImage(
      id,
      record,
      names.map(([name]) => name),
    );
  }

  function byName(name: string): Image | undefined {
    const id = idByName.get(name);
    const record = id === undefined ? undefined : records.get(id);
    return id !== undefined && record ? imageOf(id, record) : undefined;
  }

  function byPrefix(prefix: string, attempt: string): Image | undefined {
    const [match, other] = records.entries({ prefix, limit: 2 });
    if (other) {
      throw new HawserError('invalid', `${attempt}: ${prefix} begins the ids of several images`, {
        hint: 'give more digits, see: hawser image ls',
      });
    }
    return match && imageOf(...match);
  }

  return {
    list: () =>
      Array.from(records.entries(), ([id, record]) => imageOf(id, record)).sort((a, b) =>
        b.created.localeCompare(a.created),
      ),

    find(ref, attempt) {
      const [, digits] = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(ref) ?? [];
      const isName = digits === undefined || (digits === ref && digits.length < 64);
      const name = isName ? formatReference(parseReference(ref)) : undefined;
      const named = name === undefined ? undefined : byName(name);
      if (named) return { image: named, name };
      const image = digits === undefined ? undefined : byPrefix(digits, attempt);
      if (image) return { image, name: undefined };
      throw new HawserError('not-found', `${attempt}: there is no image ${quote(ref)}`, {
        hint: 'see: hawser image ls',
      });
    },

    add(id, record, name) {
      records.put(id, record);
      idByName.put(name, id);
    },

    untag: (name) => void idByName.remove(name),
    delete: (id) => void records.remove(id),
    layers: () => new Set(Array.from(records.entries(), ([, record]) => layersOf(record)).flat()),
  };
}
