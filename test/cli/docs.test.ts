import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../cli/catalogue.ts';
import { cliReference } from '../../scripts/cli-reference.ts';
import { hawser } from './fake.ts';

it("docs/cli.md is what the commands' help says (scripts/cli-docs.ts writes it)", async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8');
  expect(page).toBe(await cliReference());
});

describe('every command', () => {
  const paths = catalogue.flatMap((entry) =>
    'load' in entry ? [[entry.name]] : entry.commands.map(({ name }) => [entry.name, name]),
  );
  it.each(paths.map((path) => [path.join(' '), path] as const))(
    '%s has an example',
    async (_, path) => {
      const { stdout } = await hawser([...path, '--help']);
      expect(stdout).toContain(`Usage: hawser ${path.join(' ')}`);
      expect(stdout).toMatch(/\nExamples:\n {2}\S.* # \S/);
    },
  );
});
