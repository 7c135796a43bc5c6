import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalogue, type Entry, type Group } from '../../cli/catalogue.ts';
import { cliReference } from '../../scripts/cli-reference.ts';
import { hawser } from './fake.ts';

it("docs/cli.md is what the commands' help says (scripts/cli-docs.ts writes it)", async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8');
  expect(page).toBe(await cliReference());
});

describe('every command', () => {
  const pathsOf = (entries: (Entry | Group)[]): string[][] =>
    entries.flatMap((entry) =>
      'load' in entry
        ? [[entry.name]]
        : pathsOf(entry.commands).map((path) => [entry.name, ...path]),
    );
  const paths = pathsOf(catalogue);
  it.each(paths.map((path) => [path.join(' '), path] as const))(
    '%s has an example',
    async (_, path) => {
      const { stdout } = await hawser([...path, '--help']);
      expect(stdout).toContain(`Usage: hawser ${path.join(' ')}`);
      expect(stdout).toMatch(/\nExamples:\n {2}\S.* # \S/);
    },
  );
});
