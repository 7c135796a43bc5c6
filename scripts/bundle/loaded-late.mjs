// The rooms load packages at their first use, by `createRequire(import.meta.url)('koffi')`, which a
// bundler does not see through. In the bundle that `createRequire` is one that has those packages
// inside, each run at its first use.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const dependencies = Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).dependencies);
const quoted = /\('((?:@[^'/]+\/)?[^'/]+)((?:\/[^']+)?)'\)/g;

/** What a source file loads late: `koffi`, `netlink/dist/structs.js`. */
function loadedBy(source) {
  const calls = [...readFileSync(source, 'utf8').matchAll(quoted)];
  const packages = calls.filter(([, name]) => dependencies.includes(name));
  return [...new Set(packages.map(([, name, path]) => name + path))];
}

/** @type {import('esbuild').Plugin} */
export const packagesLoadedLate = {
  name: 'packages loaded late',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:module$/ }, ({ importer, namespace }) => {
      if (namespace !== 'file' || relative('.', importer).startsWith('node_modules'))
        return undefined;
      return { path: importer, namespace: 'loaded-late' };
    });
    onLoad({ filter: /.*/, namespace: 'loaded-late' }, ({ path }) => ({
      resolveDir: process.cwd(),
      contents: `
        const inside = {
          ${loadedBy(path)
            .map((name) => `'${name}': () => require('${name}'),`)
            .join('\n')}
        };
        export const createRequire = () => (name) => inside[name]();
      `,
    }));
  },
};
