/**
 * One open stream. A reader that takes what it is given too slowly is cut: it comes back and reads
 * the hall again, instead of costing memory for everybody.
 */
import type { Writable } from 'node:stream';
import type { Frame } from './delta.ts';

const unheard = (): void => undefined;

export class Reader {
  readonly #out: Writable;
  readonly #lagBytes: () => number;

  /** `gone` is called once, whoever ends the stream. */
  constructor(out: Writable, lagBytes: () => number, gone: (reader: Reader) => void) {
    this.#out = out;
    this.#lagBytes = lagBytes;
    // Who left while it was found out whether there is such a sale closes no second time.
    if (out.destroyed) queueMicrotask(() => gone(this));
    else out.once('close', () => gone(this));
    // A connection that breaks is a reader that left: 'close' follows.
    out.on('error', unheard);
  }

  /** Sends a frame, or cuts a reader that has not taken what it was sent before. */
  send(frame: Frame): void {
    if (this.#out.destroyed || this.#out.writableEnded) return;
    if (this.#out.writableLength > this.#lagBytes()) this.#out.destroy();
    else this.#out.write(frame);
  }

  /** The last words, and the end. */
  end(frame: Frame): void {
    if (!this.#out.destroyed) this.#out.end(frame);
  }
}
