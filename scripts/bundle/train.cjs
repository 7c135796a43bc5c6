// Runs the program as bin/hawser does, and at its end adds the byte code of what has run to its cache.
// usage: train.cjs PROGRAM ARGUMENT...
const { existsSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { createRequire, wrap } = require('node:module');
const { dirname, join, resolve } = require('node:path');
const { Script } = require('node:vm');

const program = resolve(process.argv[2]);
const cache = join(dirname(program), 'cli.cache');
process.argv.splice(1, 2, program);

const script = new Script(wrap(readFileSync(program, 'latin1')), {
  filename: program,
  cachedData: existsSync(cache) ? readFileSync(cache) : undefined,
});
process.on('exit', () => {
  writeFileSync(`${cache}.new`, script.createCachedData());
  renameSync(`${cache}.new`, cache);
});
const run = script.runInThisContext();
run({}, createRequire(program), { exports: {} }, program, dirname(program));
