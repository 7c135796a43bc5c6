import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Container } from '../../engine/container.ts';
import { HawserError } from '../../errors.ts';

/**
 * Creates a container and writes its id into a file that must be new, so that nobody's id is written
 * over; without a path it only creates.
 */
export function createWithIdFile(
  path: string | undefined,
  cwd: string,
  create: () => Container,
): Container {
  if (path === undefined) return create();
  const file = openNew(resolve(cwd, path), path);
  try {
    const container = create();
    writeSync(file, container.id);
    return container;
  } catch (error) {
    rmSync(resolve(cwd, path), { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Takes the file back with the container that it names. */
export function discardIdFile(path: string | undefined, cwd: string): void {
  if (path !== undefined) rmSync(resolve(cwd, path), { force: true });
}

function openNew(absolute: string, given: string): number {
  try {
    return openSync(absolute, 'wx', 0o644);
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    const why = exists ? 'the file exists already' : cause instanceof Error ? cause.message : cause;
    throw new HawserError(exists ? 'taken' : 'invalid', `--cidfile ${given}: ${why}`, { cause });
  }
}
