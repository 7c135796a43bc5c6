import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ArchiveError } from './tar/archive-error.ts';

/** First bytes of compressed files: RFC 1952, bzip2(1), xz-file-format 2.1.1.1, RFC 8878. */
const GZIP = Buffer.from('1f8b', 'hex');
const unread = [
  { format: 'bzip2', magic: Buffer.from('BZh') },
  { format: 'xz', magic: Buffer.from('fd377a585a00', 'hex') },
  { format: 'zstd', magic: Buffer.from('28b52ffd', 'hex') },
];
const LONGEST_MAGIC = 6;
/** Bytes; zlib's 16 KiB would mean four times the turns of the event loop. */
const CHUNK = 64 * 1024;

/**
 * The archive itself, of one that is plain or gzipped.
 *
 * @throws ArchiveError for another compression, and for damaged or truncated gzip data
 */
export async function* uncompress(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const chunks = source[Symbol.asyncIterator]();
  try {
    const head = await readHead(chunks);
    const whole = resume(head, chunks);
    for (const { format, magic } of unread) {
      if (startsWith(head, magic)) {
        throw new ArchiveError(
          `it is compressed with ${format}, and only gzip is read: uncompress it first`,
        );
      }
    }
    yield* startsWith(head, GZIP) ? gunzip(whole) : whole;
  } finally {
    await chunks.return?.();
  }
}

async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  // The pipeline carries a failure of the source into the loop below, which reports it.
  const plain = pipeline(Readable.from(source), createGunzip({ chunkSize: CHUNK }), () => {});
  try {
    for await (const chunk of plain) yield chunk;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')))
      throw error;
    throw new ArchiveError(`its gzip compression is damaged or cut off: ${error.message}`, {
      cause: error,
    });
  }
}

async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let length = 0; length < LONGEST_MAGIC; ) {
    const next = await chunks.next();
    if (next.done) break;
    parts.push(next.value);
    length += next.value.length;
  }
  return Buffer.concat(parts);
}

async function* resume(
  head: Buffer,
  chunks: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  if (head.length > 0) yield head;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
}

function startsWith(bytes: Buffer, magic: Buffer): boolean {
  return bytes.subarray(0, magic.length).equals(magic);
}
