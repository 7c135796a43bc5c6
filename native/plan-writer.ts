/** The launcher's data types, appended one after the other (native/launcher/plan.h reads them). */
export class PlanWriter {
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  u32(value: number): void {
    const chunk = Buffer.alloc(4);
    chunk.writeUInt32LE(value);
    this.#append(chunk);
  }

  u64(value: bigint): void {
    const chunk = Buffer.alloc(8);
    chunk.writeBigUInt64LE(value);
    this.#append(chunk);
  }

  bytes(data: Uint8Array): void {
    this.u32(data.length);
    this.#append(data);
  }

  /** With its NUL, so that the launcher can use it where it lies. */
  string(text: string): void {
    if (text.includes('\0')) throw new TypeError(`no NUL may be in ${JSON.stringify(text)}`);
    this.bytes(Buffer.from(`${text}\0`));
  }

  /** With room for an array of pointers (64 bits each, the last one NULL), aligned to its size. */
  list(texts: readonly string[]): void {
    this.u32(texts.length);
    this.#append(new Uint8Array(-this.#size & 7));
    this.#append(new Uint8Array((texts.length + 1) * 8));
    for (const text of texts) this.string(text);
  }

  finish(): Buffer {
    return Buffer.concat(this.#chunks, this.#size);
  }

  #append(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }
}
