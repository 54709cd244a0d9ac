/**
 * One open stream. A reader that takes what it is given too slowly is cut: it comes back and reads
 * the hall again, instead of costing memory for everybody.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Frame } from './delta.ts';

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
} as const;

export class Reader {
  readonly #res: ServerResponse;
  readonly #lagBytes: () => number;

  /** Opens the stream. `gone` is called once, whoever ends it. */
  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    lagBytes: () => number,
    gone: (reader: Reader) => void,
  ) {
    this.#res = res;
    this.#lagBytes = lagBytes;
    req.socket.setNoDelay(true);
    res.writeHead(200, HEADERS);
    res.flushHeaders();
    res.once('close', () => gone(this));
    // A connection that breaks is a reader that left: 'close' follows.
    res.on('error', () => undefined);
  }

  /** Sends a frame, or cuts a reader that has not taken what it was sent before. */
  send(frame: Frame): void {
    if (this.#res.destroyed || this.#res.writableEnded) return;
    if (this.#res.writableLength > this.#lagBytes()) this.#res.destroy();
    else this.#res.write(frame);
  }

  /** The last words, and the end. */
  end(frame: Frame): void {
    if (!this.#res.destroyed) this.#res.end(frame);
  }
}
