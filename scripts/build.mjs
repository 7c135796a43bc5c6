// Builds the program (dist/cli.cjs) and the library (dist/index.js).
// Why the program is one CommonJS file with its byte code beside it: docs/decisions/start-up.md.
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { addonsBesideBundle } from './bundle/addons.mjs';
import { builtinsLoadedLate } from './bundle/builtins-late.mjs';
import { writeCodeCache } from './bundle/code-cache.mjs';
import { packagesLoadedLate } from './bundle/loaded-late.mjs';

/** @type {import('esbuild').BuildOptions} */
const common = { bundle: true, platform: 'node', target: 'node20', logLevel: 'warning' };

/** Everything in one file: nothing is looked up in node_modules at start, nor needs to be there. */
async function buildProgram(outdir) {
  await build({
    ...common,
    outdir,
    entryPoints: { cli: 'cli/main.ts' },
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    // Every `import()` becomes a lazily run part of the same file.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    loader: { '.node': 'copy' },
    // White space is a third of what would be read at every start; traces are mapped back (--debug).
    minifyWhitespace: true,
    sourcemap: 'linked',
    plugins: [packagesLoadedLate, builtinsLoadedLate, addonsBesideBundle],
  });
  writeCodeCache(join(outdir, 'cli.cjs'));
}

/** Packages stay packages: whoever uses the library has them installed beside it. */
async function buildLibrary(outdir) {
  await build({
    ...common,
    outdir,
    entryPoints: { index: 'index.ts' },
    format: 'esm',
    packages: 'external',
  });
}

/** Puts what was built in the place of what was there, which is in use until then. */
function install(from, to) {
  const built = readdirSync(from).sort();
  const generated = /\.(cjs|cache|js|map|node)$/;
  for (const old of readdirSync(to).filter((name) => generated.test(name) && !built.includes(name)))
    rmSync(join(to, old));
  // No moment shows a new program beside the byte code of an old one.
  rmSync(join(to, 'cli.cache'), { force: true });
  for (const name of built.filter((name) => name !== 'cli.cache'))
    renameSync(join(from, name), join(to, name));
  renameSync(join(from, 'cli.cache'), join(to, 'cli.cache'));
}

mkdirSync('dist', { recursive: true });
// As deep as dist, so that paths in the source map hold there too.
const staging = mkdtempSync('.dist-');
try {
  await Promise.all([buildProgram(staging), buildLibrary(staging)]);
  install(staging, 'dist');
} catch (error) {
  // What is wrong in the sources, esbuild has said already.
  if (error.errors === undefined) throw error;
  process.exitCode = 1;
} finally {
  rmSync(staging, { recursive: true, force: true });
}
