import type { Context } from './context.ts';
import type { Images } from './engine.ts';
import { plain } from './names.ts';

export function openImageFront({ images, records }: Context): Images {
  /** The name of a container that stands on an image. */
  const user = (image: string) => records.all().find((record) => record.image.id === image)?.name;

  return {
    import: (tar, reference, options = {}) => images.import(tar, reference, options),
    list: () => images.list(),
    inspect: (ref) => images.get(ref, `inspect image ${plain(ref)}`),
    remove: (ref, { force = false } = {}) => images.remove(ref, { inUse: user, force }),
  };
}
