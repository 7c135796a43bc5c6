/** The examples of docs/library.md do what the page says, as programs of somebody else. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeBusyboxTar } from '../support/busybox.ts';
import { place } from '../support/fakehost.ts';
import { type Lab, makeLab } from './lab.ts';

const PACKAGE = join(import.meta.dirname, '..', '..');
let lab: Lab;
let examples: string[];

beforeAll(async () => {
  lab = await makeLab();
  const page = readFileSync(join(PACKAGE, 'docs', 'library.md'), 'utf8');
  examples = Array.from(page.matchAll(/```js\n(.*?)```/gs), ([, code]) => code ?? '');
  // A project that depends on hawser.
  mkdirSync(join(lab.host.dir, 'node_modules'));
  symlinkSync(PACKAGE, join(lab.host.dir, 'node_modules', 'hawser'));
});
afterAll(() => lab.dispose());

/** Runs an example as a program of its own. */
function run(example: string | undefined, args: string[]): string {
  const program = join(lab.host.dir, 'example.mjs');
  writeFileSync(program, example ?? '');
  return execFileSync('node', [program, ...args], {
    env: lab.env,
    encoding: 'utf8',
    timeout: 30_000,
  });
}

describe('docs/library.md', () => {
  it('attaches any namespace in ten lines', () => {
    const path = join(lab.host.dir, 'web1');
    execFileSync('sh', ['-c', `touch ${path} && unshare --net=${path} true`]);
    try {
      const probe = "import { execFileSync } from 'node:child_process';\n";
      const look =
        "console.log(execFileSync('nsenter', ['--net=' + process.argv[2], 'ip', '-br', 'addr', 'show', 'eth0'], { encoding: 'utf8' }));\n";
      const example = (examples[0] ?? '').replace('engine.detach(', `${look}engine.detach(`);
      const printed = run(probe + example, [path]);
      expect(printed).toMatch(/^eth0 10\.5\.0\.2$/m);
      expect(printed).toMatch(/^eth0@\S+ +UP +10\.5\.0\.2\/24/m);
      expect(place(path).exec(['ip', '-br', 'link'])).not.toContain('eth0');
      expect(lab.engine.networks.list().map(({ name }) => name)).not.toContain('blue');
    } finally {
      execFileSync('umount', [path]);
    }
  });

  it('runs a container and gives everything back', () => {
    const printed = run(examples[1], [makeBusyboxTar(lab.host.dir)]);
    expect(printed).toBe('moored\n');
    expect(lab.engine.containers.list({ all: true })).toEqual([]);
  });
});
