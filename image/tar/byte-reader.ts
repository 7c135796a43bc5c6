import { ArchiveError } from './archive-error.ts';

const NOTHING = Buffer.alloc(0);

/** Takes bytes from a stream of chunks by their number. */
export class ByteReader {
  /** Bytes taken so far. */
  position = 0;
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Buffer = NOTHING;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** At least one and at most `limit` bytes; undefined at the end. */
  async some(limit: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const next = await this.#source.next();
      if (next.done) return undefined;
      const { buffer, byteOffset, byteLength } = next.value;
      this.#rest = Buffer.from(buffer, byteOffset, byteLength);
    }
    const taken = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(taken.length);
    this.position += taken.length;
    return taken;
  }

  /** Exactly `count` bytes; undefined if the stream ends right here. */
  async exactly(count: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    let missing = count;
    while (missing > 0) {
      const part = await this.some(missing);
      if (!part && missing === count) return undefined;
      if (!part) throw this.#cutOff();
      parts.push(part);
      missing -= part.length;
    }
    const [only] = parts;
    return parts.length === 1 && only ? only : Buffer.concat(parts);
  }

  /** `count` bytes as they come. */
  async *stream(count: number): AsyncGenerator<Buffer, void> {
    for (let missing = count; missing > 0; ) {
      const part = await this.some(missing);
      if (!part) throw this.#cutOff();
      missing -= part.length;
      yield part;
    }
  }

  async skip(count: number): Promise<void> {
    for await (const _ of this.stream(count));
  }

  async skipRest(): Promise<void> {
    while (await this.some(Number.MAX_SAFE_INTEGER));
  }

  /** Tells the source that no more will be asked for. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  #cutOff(): ArchiveError {
    return new ArchiveError(`the archive was cut off after ${this.position} bytes`);
  }
}
