/** What test programs do with images: `node program.mjs VERB ROOT [ARGUMENT...]`. */
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { HawserError } from '../../errors.ts';
import { type Images, openImages } from '../../image/images.ts';
import { openStore } from '../../store/lmdb.ts';

const [, , verb = '', root = '', ...rest] = process.argv;
const store = openStore(join(root, 'state'));

/** Images in a process that ends itself as no process can prevent, at a step. */
function open(lastStep?: string): Images {
  const onStep = (step: string): void => {
    if (step === lastStep) process.kill(process.pid, 'SIGKILL');
  };
  return openImages({ root, store, onStep });
}

async function* untilTheMiddle(path: string): AsyncGenerator<Buffer, void> {
  const whole = readFileSync(path);
  yield whole.subarray(0, whole.length / 2);
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.kill(process.pid, 'SIGKILL');
}

const verbs: Record<string, () => Promise<void> | void> = {
  /** TAR NAME STEP: imports, and dies at the step. */
  async import() {
    const [path = '', name = '', step] = rest;
    const tar = step === 'middle' ? Readable.from(untilTheMiddle(path)) : createReadStream(path);
    await open(step).import(tar, name);
  },
  /** NAME STEP: removes, and dies at the step. */
  remove() {
    const [name = '', step] = rest;
    open(step).remove(name, { inUse: () => undefined });
  },
  /** NAME: imports an archive that never ends. */
  async linger() {
    async function* endless(): AsyncGenerator<Buffer, void> {
      process.stdout.write('begun\n');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
      yield Buffer.alloc(0);
    }
    await open().import(Readable.from(endless()), rest[0] ?? '');
  },
  /** TAR TIMES: imports under a name of its own and removes it again; says so. */
  async churn() {
    const [path = '', times] = rest;
    const images = open();
    const name = `churn-${process.pid}`;
    for (let turn = 0; turn < Number(times); turn++) {
      const image = await images.import(createReadStream(path), name);
      // Whatever the others do, the layer of an image that is there is there.
      for (const layer of images.layerPaths(image)) readFileSync(join(layer, 'etc/motd'));
      images.remove(name, { inUse: () => undefined });
    }
    process.stdout.write('done\n');
  },
};

try {
  await verbs[verb]?.();
} catch (error) {
  if (!(error instanceof HawserError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
