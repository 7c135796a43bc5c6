/** Holds this thread up, for what the kernel finishes in its own time. @param milliseconds a few */
export function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
