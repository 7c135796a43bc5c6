/**
 * How deep transactions are nested, and what has to be undone if an inner one throws and the outer
 * one goes on: the outer one must not commit half of the inner one's writes.
 */
export class Journal {
  readonly #from: number;
  #undo: (() => void)[] = [];
  #backs: (() => void)[] = [];
  #depth = 0;

  /** @param from the depth from which on a failure is undone here: 2 if the store undoes the outermost */
  constructor(from: 1 | 2) {
    this.#from = from;
  }

  /** How many transactions are open, one inside the other. */
  get depth(): number {
    return this.#depth;
  }

  /** Whether a write has to leave its reverse here. */
  get isKept(): boolean {
    return this.#depth >= this.#from;
  }

  note(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** To be run if the outermost transaction is lost, and forgotten if the one it is in throws. */
  ifLost(back: () => void): void {
    if (this.#depth === 0) throw new TypeError('ifLost is called inside store.transaction');
    this.#backs.push(back);
  }

  /** What is to be run if it is lost, latest first; whoever takes it sees to it. */
  takeBacks(): (() => void)[] {
    return this.#backs.splice(0).reverse();
  }

  /** Runs `work` one level deeper; if it throws, takes back what it wrote, latest first. */
  run<T>(work: () => T): T {
    const mark = this.#undo.length;
    const backs = this.#backs.length;
    this.#depth++;
    try {
      const result = work();
      refusePromise(result);
      return result;
    } catch (error) {
      this.#backs.splice(backs);
      const undo = this.#undo.splice(mark).reverse();
      if (this.isKept) for (const step of undo) step();
      throw error;
    } finally {
      this.#depth--;
      if (this.#depth === 0) this.#undo = [];
    }
  }
}

/** A transaction ends when its work returns: an async one would write after the commit. */
function refusePromise(result: unknown): void {
  if (typeof result === 'object' && result !== null && 'then' in result) {
    throw new TypeError('the work of a store transaction is synchronous; it returned a promise');
  }
}

/** Writes outside a transaction are a bug of the caller. */
export function mustWrite(journal: Journal, table: string): void {
  if (journal.depth === 0) {
    throw new TypeError(`table ${table}: writes happen inside store.transaction`);
  }
}
