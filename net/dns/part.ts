/** A part of the responder that has something to do as time goes by. */
export interface Part {
  /** Whether something is under way that time may run out for. */
  isBusy(): boolean;
  /** @param now milliseconds, as Date.now() */
  expire(now: number): void;
}
