/** What kind of failure this is; doors turn it into an exit code, programs switch on it. */
export type ErrorCode =
  | 'invalid' // the request itself is malformed: a name, an address, an option
  | 'not-found' // no such network, image, container
  | 'taken' // the name, address or port belongs to somebody else
  | 'in-use' // it exists, and something still needs it
  | 'state' // the thing is not in a state that allows this (not running, already running)
  | 'exhausted' // a pool or a port range has nothing left
  | 'unsupported' // this kernel or this build cannot do it
  | 'permission' // not root, or a capability is missing
  | 'corrupt' // the state directory is foreign, damaged or of a newer version
  | 'kernel' // the kernel refused; `cause` carries the SysError
  | 'cannot-execute' // the container's command exists and cannot be executed (exit 126)
  | 'command-not-found'; // the container's command does not exist (exit 127)

/**
 * The one error that leaves a room on purpose. The message is a sentence that names the thing, the
 * attempt and the cause: `attach web1 to blue: 10.5.0.9 is already leased to db1`.
 */
export class HawserError extends Error {
  readonly code: ErrorCode;
  /** The next step for the reader, without brackets: `see: hawser network inspect blue`. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HawserError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** Puts the attempt before a sentence that another room began without it. */
export function prefixed<T>(attempt: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof HawserError)) throw error;
    throw new HawserError(error.code, `${attempt}: ${error.message}`, {
      cause: error,
      ...(error.hint !== undefined && { hint: error.hint }),
    });
  }
}
