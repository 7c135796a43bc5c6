/**
 * nftables, by libnftables in this process. What is given to it at once is one atomic transaction,
 * in the network namespace that the thread is in.
 */
import { bind, library } from './ffi.ts';
import { kept } from './kept.ts';
import { close } from './libc.ts';
import { check, errorNamed } from './sys-error.ts';

/** JSON as libnftables-json(5) describes it: `{nftables: [{add: {table: ...}}, ...]}`. */
export interface NftDocument {
  nftables: readonly object[];
}

/** What nft refused, in its own words: `nft: Could not process rule: File exists`. */
export class NftError extends Error {
  /** The errno's name if the kernel refused (`EEXIST`); undefined for what nft itself refuses. */
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

/** A way to the ruleset that stays open from one transaction to the next. */
export interface Nft {
  /**
   * Runs commands as one transaction, in the network namespace that the thread is in: either all of
   * it is in force when this returns, or nothing is, and an NftError says why. A kernel without
   * netfilter is a SysError EPROTONOSUPPORT.
   *
   * @param commands JSON, or nft's own language (nft(8)). Some of the latter has no JSON in the nft
   *   of Debian 12, which drops the data type of a map if that is a concatenation.
   * @returns what `list` commands listed, as JSON; undefined if nothing was
   */
  run(commands: NftCommands): NftDocument | undefined;
  close(): void;
}

export type NftCommands = NftDocument | readonly object[] | string;

/**
 * Opens nothing before it is used. What is kept open saves a wait: the kernel lets nobody close a
 * socket to nf_tables before it has disposed of what was deleted last, milliseconds later
 * (nft_rcv_nl_event in net/netfilter/nf_tables_api.c).
 */
export function openNft(): Nft {
  const context = kept(newContext, (open) => c.free(open));
  return {
    close: context.close,
    run(commands) {
      const text = typeof commands === 'string' ? commands : JSON.stringify(documentOf(commands));
      try {
        return transact(context.get(), text);
      } catch (error) {
        // libnftables 1.0.6 has been seen to crash on what came after a command that it had refused.
        context.close();
        throw error;
      }
    },
  };
}

/** One transaction by itself: see `Nft.run`. */
export function runNft(commands: NftCommands): NftDocument | undefined {
  const nft = openNft();
  try {
    return nft.run(commands);
  } finally {
    nft.close();
  }
}

function newContext(): bigint {
  probeNetfilter();
  const context = c.create(0);
  if (context === null) throw new NftError('out of memory');
  c.setFlags(context, OUTPUT_FLAGS);
  if (c.bufferOutput(context) !== 0 || c.bufferErrors(context) !== 0) {
    c.free(context);
    throw new NftError('out of memory');
  }
  return context;
}

function transact(context: bigint, text: string): NftDocument | undefined {
  if (c.run(context, text) !== 0) throw new NftError(c.errors(context) ?? '');
  c.errors(context); // what is not fetched would stand before the next one's
  const output = c.output(context);
  return output ? JSON.parse(output) : undefined;
}

function documentOf(commands: NftDocument | readonly object[]): NftDocument {
  return 'nftables' in commands ? commands : { nftables: commands };
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
