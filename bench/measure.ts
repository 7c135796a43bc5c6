/** How the benchmarks measure: side by side, in one run, medians. */

/** What a module of this room hands back, and main prints. */
export interface Benchmark {
  name: string;
  run(): Promise<{ rows: Row[] }>;
}

export interface Row {
  what: string;
  value: number;
  unit: string;
  /** For people: `under 3 ms`. */
  target?: string;
  reached?: boolean;
}

/** A row with a target that is reached if the value lies under it. */
export function under(what: string, value: number, limit: number, unit: string): Row {
  return { what, value, unit, target: `under ${format(limit, unit)}`, reached: value < limit };
}

/** A row with a target that is reached if the value is at least that. */
export function atLeast(what: string, value: number, limit: number, unit: string): Row {
  return { what, value, unit, target: `at least ${format(limit, unit)}`, reached: value >= limit };
}

export function format(value: number, unit: string): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return unit === '' ? value.toFixed(digits) : `${value.toFixed(digits)} ${unit}`;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new Error('the median of nothing');
  const lower = sorted.length % 2 === 1 ? upper : (sorted[middle - 1] ?? upper);
  return (lower + upper) / 2;
}

/** Milliseconds that the work takes. */
export function timed(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

/** How long the kernel gets to finish what the last removal left it (ms); it holds locks meanwhile. */
const SETTLE = 120;

/** Namespaces and links that are gone from sight are taken apart by the kernel's own threads. */
export function settle(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SETTLE);
}

/**
 * Medians of several works' times (ms). Their rounds are interleaved, so that whatever else the
 * machine does meanwhile falls on all of them alike; the first round warms up and is not counted.
 */
export function sideBySide<K extends string>(
  rounds: number,
  works: Record<K, () => void>,
): Record<K, number> {
  const names = Object.keys(works) as K[]; // the keys of a Record<K, …> are K
  const times = new Map<K, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const time = timed(works[name]);
      if (round > 0) times.get(name)?.push(time);
    }
  }
  const medians = names.map((name) => [name, median(times.get(name) ?? [])]);
  return Object.fromEntries(medians) as Record<K, number>;
}
