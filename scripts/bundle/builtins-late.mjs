// Node's own larger modules take 2 to 3 ms each to load, and most commands use none of a file's
// imports of them. In the bundle each is loaded when something of it is first used.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const late = [
  'child_process',
  'crypto',
  'fs/promises',
  'readline/promises',
  'timers/promises',
  'zlib',
];

/** @type {import('esbuild').Plugin} */
export const builtinsLoadedLate = {
  name: 'builtins loaded late',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(node:)?(${late.join('|')})$`) }, ({ path, namespace }) =>
      namespace === 'builtin'
        ? undefined
        : { path: path.replace(/^node:/, ''), namespace: 'builtin' },
    );
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `
        for (const name of ${JSON.stringify(Object.keys(require(path)))})
          Object.defineProperty(exports, name, {
            enumerable: true,
            get: () => require('node:${path}')[name],
          });
      `,
    }));
  },
};
