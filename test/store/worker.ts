/** What test programs do with a store: `node program.mjs VERB DIR [ARGUMENT...]`. */
import { HawserError } from '../../errors.ts';
import { openStore } from '../../store/lmdb.ts';

const [, , verb = '', dir = '', ...rest] = process.argv;
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);
const sleepForever = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);

const verbs: Record<string, () => void> = {
  /** Reads everything there is, then writes. */
  use() {
    const store = openStore(dir);
    const table = store.table<unknown>('things');
    const entries = [...table.entries()].length;
    store.transaction(() => table.put('used', 1));
    say({ entries });
  },
  read() {
    say({ value: openStore(dir).table('things').get('a') ?? null });
  },
  /** Writes, reports, and never commits. */
  hold() {
    const store = openStore(dir);
    const table = store.table<unknown>('things');
    store.transaction(() => {
      table.put('a', 'half done');
      for (let i = 0; i < 2000; i++) table.put(`more-${i}`, 'x'.repeat(500));
      say('held');
      sleepForever();
    });
  },
  /** Adds one, many times, each in a transaction of its own. */
  count() {
    const store = openStore(dir);
    const table = store.table<number>('things');
    for (let i = 0; i < Number(rest[0]); i++) {
      store.transaction(() => table.put('counter', (table.get('counter') ?? 0) + 1));
    }
    say('counted');
  },
  /** Writes until there is no room. */
  fill() {
    const store = openStore(dir);
    const table = store.table<string>('things');
    store.transaction(() => table.put('first', 'kept'));
    let error: unknown;
    try {
      for (let i = 0; i < 10_000; i++) store.transaction(() => table.put(`${i}`, 'x'.repeat(9000)));
    } catch (thrown) {
      error = thrown;
    }
    say({ ...describe(error), first: table.get('first') });
  },
};

function describe(error: unknown) {
  if (!(error instanceof HawserError)) return { stack: (error as Error | undefined)?.stack };
  return { code: error.code, message: error.message };
}

try {
  if (rest.at(-1) === 'as-nobody') process.setuid?.(65534);
  verbs[verb]?.();
} catch (error) {
  say(describe(error));
}
