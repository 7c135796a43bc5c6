/** Does an allocation cost more when 60,000 addresses of a /16 are leased than when none is? */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ipam, openIpam } from '../ipam/ipam.ts';
import { openStore } from '../store/lmdb.ts';
import type { Store } from '../store/store.ts';
import { type Row, sideBySide, under } from './measure.ts';

const LEASES = 60_000;
const LIMIT = 1.5;
/** Allocations that are measured one by one, each with its commit on the disk. */
const DURABLE = 100;
/** And how often so many are measured together, inside one transaction, where no disk hides them. */
const BATCHES = 10;
const BATCH = 100;

export const name = 'an address of a /16';

export async function run(): Promise<{ rows: Row[] }> {
  const dir = mkdtempSync(join(tmpdir(), 'hawser-bench-'));
  const pools = [openPool(join(dir, 'empty'), 0), openPool(join(dir, 'full'), LEASES)] as const;
  try {
    const [empty, full] = pools;
    const durable = sideBySide(DURABLE, { empty: empty.takeNext, full: full.takeNext });
    const batch = insideTransactions(pools, () =>
      sideBySide(BATCHES, { empty: empty.takeAndRelease, full: full.takeAndRelease }),
    );
    const perTake = (ms: number) => (ms * 1000) / BATCH;
    return {
      rows: [
        { what: 'durable, no lease held', value: durable.empty, unit: 'ms' },
        { what: `durable, ${LEASES} leases held`, value: durable.full, unit: 'ms' },
        under('  ratio', durable.full / durable.empty, LIMIT, ''),
        {
          what: 'take and release without a commit, no lease held',
          value: perTake(batch.empty),
          unit: 'us',
        },
        {
          what: `take and release without a commit, ${LEASES} held`,
          value: perTake(batch.full),
          unit: 'us',
        },
        under('  ratio', batch.full / batch.empty, LIMIT, ''),
      ],
    };
  } finally {
    for (const { store } of pools) store.close();
    rmSync(dir, { recursive: true });
  }
}

interface BenchPool {
  store: Store;
  takeNext(): void;
  takeAndRelease(): void;
}

function openPool(dir: string, leases: number): BenchPool {
  const store = openStore(dir);
  const ipam = openIpam(store);
  ipam.addPool({ id: 'p', subnet: '10.5.0.0/16' });
  let count = 0;
  const takeNext = () => {
    ipam.take('p', owner(count++));
  };
  store.transaction(() => {
    while (count < leases) takeNext();
  });
  return { store, takeNext, takeAndRelease: () => takeAndRelease(ipam) };
}

function takeAndRelease(ipam: Ipam): void {
  for (let i = 0; i < BATCH; i++) {
    ipam.take('p', `passing-${i}`);
    ipam.release('p', `passing-${i}`);
  }
}

/** As long as an endpoint's key is, and in no order: a sandbox's id and an interface's name. */
function owner(index: number): string {
  const id = Math.imul(index + 1, 2654435761) >>> 0;
  return `${id.toString(16).padStart(8, '0').repeat(8)}/eth0`;
}

/** One transaction in each of the stores, one inside the other. */
function insideTransactions<T>([one, two]: readonly [BenchPool, BenchPool], work: () => T): T {
  return one.store.transaction(() => two.store.transaction(work));
}
