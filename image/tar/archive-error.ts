/** What an archive is or does that it may not; the message continues a sentence about the archive. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
}
