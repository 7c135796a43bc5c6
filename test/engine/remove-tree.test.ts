import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeTree } from '../../engine/remove-tree.ts';

let dir: string;
let tree: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hawser-tree-'));
  tree = join(dir, 'tree');
  mkdirSync(tree);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('removes files, directories and links, and not what links lead to', () => {
  writeFileSync(join(dir, 'kept'), '');
  mkdirSync(join(dir, 'also-kept'));
  mkdirSync(join(tree, 'a', 'b'), { recursive: true });
  writeFileSync(join(tree, 'a', 'b', 'file'), '');
  symlinkSync(join(dir, 'kept'), join(tree, 'to-file'));
  symlinkSync(join(dir, 'also-kept'), join(tree, 'a', 'to-directory'));
  removeTree(tree);
  expect(readdirSync(dir).toSorted()).toEqual(['also-kept', 'kept']);
});

it('takes what is gone for removed, and a file for a tree', () => {
  removeTree(join(dir, 'nothing'));
  writeFileSync(join(dir, 'file'), '');
  removeTree(join(dir, 'file'));
  expect(existsSync(join(dir, 'file'))).toBe(false);
});

it('removes names that are no text', () => {
  const name = Buffer.concat([Buffer.from(`${tree}/`), Buffer.of(0xff, 0xfe, 0x80)]);
  mkdirSync(name);
  writeFileSync(Buffer.concat([name, Buffer.from('/'), Buffer.of(0xc3)]), '');
  removeTree(tree);
  expect(existsSync(tree)).toBe(false);
});

it('removes directories nested deeper than any path reaches', () => {
  const nest = 'for i in $(seq 200); do mkdir "$1" && cd -P "$1" && : >file; done';
  execFileSync('bash', ['-c', nest, 'nest', 'x'.repeat(100)], { cwd: tree });
  removeTree(tree);
  expect(existsSync(tree)).toBe(false);
});
