/**
 * Runs the benchmarks and prints them beside their targets: all of them, or those named.
 * `make bench`, `make bench BENCH="attach ports"`.
 */
import { stopDockerPeer } from './docker-peer.ts';
import { type Benchmark, format, type Row } from './measure.ts';

const catalogue: Record<string, () => Promise<Benchmark>> = {
  attach: () => import('./attach.ts'),
  'dual-stack': () => import('./dual-stack.ts'),
  allocate: () => import('./allocate.ts'),
  'run-vs-docker': () => import('./run-vs-docker.ts'),
  names: () => import('./names.ts'),
  ports: () => import('./ports.ts'),
  scale: () => import('./scale.ts'),
  crowd: () => import('./crowd.ts'),
  monitors: () => import('./monitors.ts'),
  throughput: () => import('./throughput.ts'),
};

function print(name: string, rows: Row[]): void {
  const cells = rows.map((row) => [
    row.what,
    format(row.value, row.unit),
    row.target ?? '',
    row.reached === undefined ? '' : row.reached ? 'reached' : 'MISSED',
  ]);
  const widths = [0, 1, 2].map((column) =>
    Math.max(...cells.map((line) => (line[column] ?? '').length)),
  );
  console.log(`\n${name}`);
  for (const [what = '', value = '', target = '', reached = ''] of cells) {
    const [first = 0, second = 0, third = 0] = widths;
    console.log(
      `  ${what.padEnd(first)}  ${value.padStart(second)}  ${target.padEnd(third)}  ${reached}`.trimEnd(),
    );
  }
}

async function main(wanted: string[]): Promise<void> {
  const unknown = wanted.find((name) => catalogue[name] === undefined);
  if (unknown !== undefined) {
    const known = Object.keys(catalogue).join(', ');
    throw new Error(`there is no benchmark ${unknown} (there are: ${known})`);
  }
  let missed = 0;
  for (const [key, load] of Object.entries(catalogue)) {
    if (wanted.length > 0 && !wanted.includes(key)) continue;
    const { name, run } = await load();
    const { rows } = await run();
    print(name, rows);
    missed += rows.filter((row) => row.reached === false).length;
  }
  console.log(missed === 0 ? '\nevery target is reached' : `\n${missed} targets are missed`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => void stopDockerPeer().finally(() => process.exit(1)));
}
try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`bench: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
  process.exitCode = 1;
} finally {
  await stopDockerPeer();
}
