/**
 * What has to be undone if a transaction inside a transaction throws and the outer one goes on: the
 * outer one must not commit half of the inner one's writes. Each write leaves its reverse here.
 */
export class Journal {
  #undo: (() => void)[] = [];
  #depth = 0;

  /** How many transactions are open, one inside the other. */
  get depth(): number {
    return this.#depth;
  }

  note(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** Runs `work` one level deeper; if it throws, takes back what it wrote, latest first. */
  run<T>(work: () => T): T {
    const mark = this.#undo.length;
    this.#depth++;
    try {
      const result = work();
      refusePromise(result);
      return result;
    } catch (error) {
      for (const undo of this.#undo.splice(mark).reverse()) undo();
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
