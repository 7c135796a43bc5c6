/** The other half of each step, kept until the whole is done. */
import { HawserError } from '../errors.ts';

/** Remembers how to take back the step just done, and says that it is done. */
export type Undo = (step: string, back: () => void) => void;

/**
 * Runs `work`, which tells `undo` after each step how to take it back. If it throws, the steps are
 * taken back in reverse order, each of them even if another fails, and the error goes on with what
 * could not be undone beside it.
 *
 * @param onStep told each step's name once it can be undone; a throw from here counts as a failure
 */
export function undoing<T>(onStep: (step: string) => void, work: (undo: Undo) => T): T {
  const done: { step: string; back: () => void }[] = [];
  try {
    return work((step, back) => {
      done.push({ step, back });
      onStep(step);
    });
  } catch (cause) {
    const failures = done.reverse().flatMap(({ step, back }) => attempt(step, back));
    throw failures.length === 0 ? cause : withFailures(cause, failures);
  }
}

/** Runs `back`; a failure becomes a line of text. */
export function attempt(step: string, back: () => void): string[] {
  const failure = failureOf(back);
  return failure === undefined ? [] : [`${step}: ${failure}`];
}

/** Runs `work`; says why it failed, if it did. */
export function failureOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function withFailures(cause: unknown, failures: string[]): HawserError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new HawserError(
    cause instanceof HawserError ? cause.code : 'kernel',
    `${message}; and it could not be undone wholly: ${failures.join('; ')}`,
    { cause, hint: 'hawser system reconcile' },
  );
}
