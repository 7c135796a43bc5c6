import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RULES, type SourceFile, violations } from './support/layering.ts';

const root = join(import.meta.dirname, '..');

/** Every source file of the rooms, and those at the root. */
function sources(): SourceFile[] {
  const rooms = Object.keys(RULES).filter((room) => !room.endsWith('.ts'));
  const entries = rooms.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, withFileTypes: true }),
  );
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  return [...paths, 'index.ts'].map((path) => ({
    path,
    text: readFileSync(join(root, path), 'utf8'),
  }));
}

/** What the check says of one file. */
const check = (path: string, text: string): string[] => violations([{ path, text }]);

test('the house keeps its import rules', () => {
  const files = sources();
  expect(files.length).toBeGreaterThan(100);
  expect(violations(files)).toEqual([]);
});

describe('the check finds', () => {
  test.each([
    ['an import upwards', "import { attach } from '../net/attach.ts';"],
    ['a type from above', "import type { Network } from '../net/model.ts';"],
    ['a type written in place', "type N = import('../net/model.ts').Network;"],
    ['a late import', "const net = await import('../net/attach.ts');"],
    ['something passed on', "export { attach } from '../net/attach.ts';\nexport const a = 1;"],
  ])('%s', (_, text) => {
    expect(check('native/x.ts', text)).toEqual([
      expect.stringMatching(/^native\/x\.ts imports net\/.*: native may not import net$/),
    ]);
  });

  test('a door that goes past the engine', () => {
    expect(check('cli/x.ts', "import { attach } from '../net/attach.ts';")).toEqual([
      'cli/x.ts imports net/attach.ts: cli may not import net other than as types',
    ]);
    expect(check('cli/x.ts', "import { type Network } from '../net/model.ts';")).toHaveLength(1);
  });

  test('a file in no room', () => {
    expect(check('helpers.ts', '')).toContain('helpers.ts is in no room of the house');
  });

  test('drawers, long files and barrels', () => {
    expect(check('net/utils/x.ts', 'export const a = 1;')).toEqual([
      'net/utils/x.ts lies in a drawer for anything: utils',
    ]);
    expect(check('net/x.ts', 'const a = 1;\n'.repeat(301))).toEqual([
      'net/x.ts is 301 lines long, more than 300',
    ]);
    expect(check('net/x.ts', "export * from './attach.ts';")).toEqual([
      'net/x.ts only passes on what other files export',
    ]);
  });
});

test('the check leaves alone what is allowed', () => {
  const allowed: [string, string][] = [
    [
      'native/x.ts',
      "import { open } from './libc.ts';\nimport { HawserError } from '../errors.ts';",
    ],
    ['net/drivers/x.ts', "import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';"],
    [
      'cli/x.ts',
      "import type { Network } from '../net/model.ts';\nawait import('../engine/open.ts');",
    ],
    ['engine/x.ts', "import koffi from 'koffi';\nimport { join } from 'node:path';"],
  ];
  for (const [path, text] of allowed) expect(check(path, text)).toEqual([]);
});
