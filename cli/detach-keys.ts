import { Transform, type TransformCallback } from 'node:stream';
import { invalid } from './parse/invalid.ts';

/** Docker's: ctrl-p, then ctrl-q. */
export const defaultDetachKeys = 'ctrl-p,ctrl-q';

/** `ctrl-p,ctrl-q`, `x` or `ctrl-@` as the bytes a terminal sends; `''` is no keys at all. */
export function parseDetachKeys(text: string): number[] {
  if (text === '') return [];
  return text.split(',').map((key) => {
    const [, control] = /^ctrl-([a-z@[\\\]^_])$/i.exec(key) ?? [];
    // A terminal sends the letter's code without its upper bits (ECMA-48).
    if (control !== undefined) return control.toUpperCase().charCodeAt(0) & 0x1f;
    if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
    throw invalid('--detach-keys', text, `${JSON.stringify(key)} is no key`, 'ctrl-p,ctrl-q');
  });
}

/**
 * Passes a terminal's bytes on until the keys are typed one after another, which calls `detach`
 * and ends the stream. Keys that began the sequence and turned out not to be it are passed on late.
 */
export class DetachKeys extends Transform {
  #held = 0;
  #done = false;
  readonly #keys: number[];
  readonly #detach: () => void;

  constructor(keys: number[], detach: () => void) {
    super();
    this.#keys = keys;
    this.#detach = detach;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, next: TransformCallback): void {
    const passed: number[] = [];
    for (const byte of chunk) {
      if (this.#done) break;
      if (this.#held > 0 && byte !== this.#keys[this.#held]) {
        passed.push(...this.#keys.slice(0, this.#held));
        this.#held = 0;
      }
      if (byte !== this.#keys[this.#held]) passed.push(byte);
      else if (++this.#held === this.#keys.length) this.#done = true;
    }
    if (passed.length > 0) this.push(Buffer.from(passed));
    if (this.#done) this.#detach();
    next();
  }
}
