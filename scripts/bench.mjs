// Bundles the benchmarks and runs those named, or all, in a network namespace of their own, where
// nothing they do touches the machine's network.
// usage: bench.mjs [NAME...]
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';

await build({
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  entryPoints: { bench: 'bench/main.ts', 'crowd-worker': 'bench/crowd-worker.ts' },
  outdir: 'build',
  logLevel: 'warning',
});
// Others to measure against are fetched while the network is still there.
for (const peer of ['docker docker.io iptables', '--alone aardvark aardvark-dns']) {
  const [alone, directory, ...packages] = peer.startsWith('-')
    ? peer.split(' ')
    : ['', ...peer.split(' ')];
  const place = `build/peers/${directory}`;
  spawnSync('scripts/unpack-packages.sh', [alone, place, ...packages].filter(Boolean), {
    stdio: 'inherit',
  });
}
const { status } = spawnSync(
  'unshare',
  [
    ...['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'],
    ...[process.execPath, 'build/bench.js', ...process.argv.slice(2)],
  ],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
