// Builds the program (dist/cli.cjs), the library (dist/index.js), and the benchmarks on request.
// Why the program is one CommonJS file with a code cache is measured in docs/decisions/start-up.md.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { addonsBesideBundle } from './bundle/addons.mjs';
import { writeCodeCache } from './bundle/code-cache.mjs';
import { packagesLoadedLate } from './bundle/loaded-late.mjs';

/** @type {import('esbuild').BuildOptions} */
const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  outdir: 'dist',
  logLevel: 'warning',
};

/** Everything in one file: nothing is looked up in node_modules at start, nor needs to be there. */
async function buildProgram() {
  await build({
    ...common,
    entryPoints: { cli: 'cli/main.ts' },
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    // Every `import()` becomes a lazily run part of the same file.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    loader: { '.node': 'copy' },
    plugins: [packagesLoadedLate, addonsBesideBundle],
  });
  writeCodeCache('dist/cli.cjs');
}

/** Packages stay packages: whoever uses the library has them installed beside it. */
async function buildLibrary() {
  await build({
    ...common,
    entryPoints: { index: 'index.ts' },
    format: 'esm',
    packages: 'external',
  });
}

function builtBefore() {
  return existsSync('dist')
    ? readdirSync('dist').filter((name) => /\.(cjs|cache|js|node)$/.test(name))
    : [];
}

// No moment shows a new program beside the byte code of an old one.
for (const old of builtBefore()) rmSync(join('dist', old), { force: true });
// esbuild has said what is wrong, and where.
await Promise.all([buildProgram(), buildLibrary()]).catch(() => process.exit(1));
