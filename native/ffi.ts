/**
 * Foreign functions, called in-process. Nothing is loaded before the first call, because most
 * commands start without needing any of it, and every call is synchronous and on the calling
 * thread: that is what makes entering a network namespace possible from JavaScript.
 */
import { createRequire } from 'node:module';
import type { KoffiFunc, LibraryHandle } from 'koffi';

type Koffi = typeof import('koffi');

// Not an import: that would be paid for by commands that need none of it.
const load = createRequire(import.meta.url);

/** The foreign function interface itself, loaded at the first use (5 ms). */
export function ffi(): Koffi {
  return load('koffi');
}

/** A library, loaded at its first use. `null` is the running program, which holds the C library. */
export function library(name: string | null): () => LibraryHandle {
  let handle: LibraryHandle | undefined;
  return () => {
    handle ??= ffi().load(name);
    return handle;
  };
}

/**
 * A function of a library, by its C prototype: `int close(int fd)`. The symbol is looked up at the
 * first call. That `F` and the prototype agree is the caller's word.
 */
export function bind<F extends (...args: never[]) => unknown>(
  from: () => LibraryHandle,
  prototype: string,
): F {
  let bound: KoffiFunc<(...args: never[]) => unknown> | undefined;
  const call = (...args: never[]): unknown => {
    bound ??= from().func(prototype);
    return bound(...args);
  };
  return call as F; // the border: behind it is C
}

/** The C library, found in the running program, so that neither glibc nor musl need be named. */
export const libc = library(null);
