/** The monitor's frames: a type byte, a little-endian 32-bit size, and so many bytes. */
const HEADER = 5;

export function frame(type: string, payload: Uint8Array = new Uint8Array()): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER + payload.length);
  bytes.write(type, 0, 1, 'latin1');
  bytes.writeUInt32LE(payload.length, 1);
  bytes.set(payload, HEADER);
  return bytes;
}

/** Puts frames together from a stream's chunks, however they were cut. */
export class FrameReader {
  readonly #deliver: (type: string, payload: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(deliver: (type: string, payload: Buffer) => void) {
    this.#deliver = deliver;
  }

  push(chunk: Buffer): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (data.length >= HEADER) {
      const end = HEADER + data.readUInt32LE(1);
      if (data.length < end) break;
      this.#deliver(data.toString('latin1', 0, 1), data.subarray(HEADER, end));
      data = data.subarray(end);
    }
    this.#rest = data;
  }
}
