/**
 * nftables, by libnftables in this process. One JSON document (libnftables-json(5)) is one atomic
 * transaction, in the network namespace that the thread is in.
 */
import { bind, library } from './ffi.ts';
import { close } from './libc.ts';
import { check, errorNamed } from './sys-error.ts';

/** Commands to run in order, all or none: `{nftables: [{add: {table: ...}}, ...]}`. */
export interface NftDocument {
  nftables: readonly object[];
}

/** What nft refused, in its own words: `nft: Could not process rule: File exists`. */
export class NftError extends Error {
  /** The errno's name if the kernel refused (`EEXIST`); undefined if nft itself did. */
  readonly code: string | undefined;
  /** nft's whole report, at times of several lines. */
  readonly report: string;

  constructor(report: string) {
    const sentence = firstSentence(report);
    super(`nft: ${sentence}`);
    this.name = 'NftError';
    this.code = errorNamed(sentence.slice(sentence.lastIndexOf(':') + 1).trim());
    this.report = report;
  }
}

const nft = library('libnftables.so.1');
const c = {
  create: bind<(flags: number) => bigint | null>(nft, 'void *nft_ctx_new(uint flags)'),
  free: bind<(context: bigint) => void>(nft, 'void nft_ctx_free(void *context)'),
  setFlags: bind<(context: bigint, flags: number) => void>(
    nft,
    'void nft_ctx_output_set_flags(void *context, uint flags)',
  ),
  bufferOutput: bind<(context: bigint) => number>(nft, 'int nft_ctx_buffer_output(void *context)'),
  bufferErrors: bind<(context: bigint) => number>(nft, 'int nft_ctx_buffer_error(void *context)'),
  output: bind<(context: bigint) => string | null>(
    nft,
    'const char *nft_ctx_get_output_buffer(void *context)',
  ),
  errors: bind<(context: bigint) => string | null>(
    nft,
    'const char *nft_ctx_get_error_buffer(void *context)',
  ),
  run: bind<(context: bigint, commands: string) => number>(
    nft,
    'int nft_run_cmd_from_buffer(void *context, const char *commands)',
  ),
  socket: bind<(domain: number, type: number, protocol: number) => number>(
    library(null),
    'int socket(int domain, int type, int protocol)',
  ),
};

// <nftables/libnftables.h>: handles, JSON, and numbers rather than names for protocols and the like.
const OUTPUT_FLAGS = (1 << 3) | (1 << 4) | (1 << 7) | (1 << 8) | (1 << 9);

/**
 * Runs commands as one transaction: either all of it is in force when this returns, or nothing is,
 * and an NftError says why. A kernel without netfilter is a SysError EPROTONOSUPPORT.
 *
 * @param document JSON, or nft's own language (nft(8)): the JSON of nft 1.0.6 cannot declare a map
 *   whose values are concatenations
 * @returns what `list` commands listed, parsed (libnftables-json(5)); else undefined
 */
export function runNft(document: NftDocument | readonly object[] | string): NftDocument | undefined {
  const commands = textOf(document);
  probeNetfilter();
  const context = c.create(0);
  if (context === null) throw new NftError('out of memory');
  try {
    c.setFlags(context, OUTPUT_FLAGS);
    if (c.bufferOutput(context) !== 0 || c.bufferErrors(context) !== 0) {
      throw new NftError('out of memory');
    }
    if (c.run(context, commands) !== 0) throw new NftError(c.errors(context) ?? '');
    const output = c.output(context);
    return output ? JSON.parse(output) : undefined;
  } finally {
    // One context for one transaction: it keeps a cache of the ruleset, which others change too.
    c.free(context);
  }
}

function textOf(document: NftDocument | readonly object[] | string): string {
  if (typeof document === 'string') return document;
  return JSON.stringify('nftables' in document ? document : { nftables: document });
}

/** Where there is no netfilter socket to be had, libnftables does not fail but end the process. */
function probeNetfilter(): void {
  const [AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_NETFILTER] = [16, 0o2000003, 12];
  const fd = c.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_NETFILTER);
  close(check(fd, 'socket', 'open a netfilter socket'));
}

/** `internal:0:0-0: Error: Could not process rule: File exists` without what is of no use here. */
function firstSentence(report: string): string {
  const line = report.split('\n').find((text) => text.trim() !== '') ?? 'failed without a word';
  return line.replace(/^.*?\bError: /, '').trim();
}
