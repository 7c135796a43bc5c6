// koffi and lmdb each search for their .node file by reading the running executable, a diagnostic
// report and a dozen directories: more than half of what loading them costs. The bundle knows which
// they are: esbuild copies them beside it, and the packages' own hooks for that are filled in.
const musl = process.report.getReport().header.glibcVersionRuntime === undefined;
const addons = {
  koffi: `@koromix/koffi-linux-${process.arch}/${musl ? 'musl' : 'linux'}_${process.arch}/koffi.node`,
  // The Node-API build, since the bundle must also start with another version of Node.
  lmdb: `@lmdb/lmdb-linux-${process.arch}/node.napi.${musl ? 'musl' : 'glibc'}.node`,
};

const replacements = [
  {
    module: /koffi\/src\/static\.cjs$/,
    contents: `exports.loadStatic = () => require('${addons.koffi}');`,
  },
  {
    module: /node-gyp-build-optional-packages\/index\.js$/,
    contents: `module.exports = () => require('${addons.lmdb}');`,
  },
  // Speeds up an encoding that the store does not use, and is missed by nobody when absent.
  {
    module: /msgpackr-extract\/index\.js$/,
    contents: `throw new Error('left out of the bundle');`,
  },
];

/** @type {import('esbuild').Plugin} */
export const addonsBesideBundle = {
  name: 'addons beside the bundle',
  setup({ onLoad }) {
    for (const { module, contents } of replacements)
      onLoad({ filter: module }, () => ({ contents, resolveDir: process.cwd() }));
  },
};
