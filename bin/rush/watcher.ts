/**
 * Somebody who watches a hall during a rush, as a page does: the live stream first, then the
 * snapshot; again whenever the stream breaks or says so. Now and then reads a later snapshot and
 * holds it against what the stream made of the first.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { Fold, type Snapshot } from './fold.ts';

const LOOK_MS = 700;
const AGAIN_MS = 400;
const ANSWER_MS = 5_000;
/** The stream says the time every 15 s: one that is silent for longer is dead. */
const SILENCE_MS = 20_000;

export class Watcher {
  readonly fold = new Fold();
  readonly #session: string;
  readonly #lookMs: number;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  #lastId: string | undefined;
  #listened = false;

  /** Begins to watch. */
  constructor(url: string, sessionId: string, lookMs: number = LOOK_MS) {
    this.#lookMs = lookMs;
    this.#session = `${url}/api/v1/sessions/${sessionId}`;
    this.#running = Promise.all([
      this.#repeat(
        () => AGAIN_MS,
        () => this.#listen(),
      ),
      this.#looking(),
    ]);
  }

  /**
   * Looks again until the stream has told of everything, when nothing moves any more. It has as
   * long as a page needs to notice that a stream is dead and to open another.
   */
  async last(): Promise<void> {
    const untilMs = performance.now() + SILENCE_MS + ANSWER_MS;
    for (;;) {
      const { body } = await request(`${this.#session}/seats`);
      const hall = (await body.json()) as Snapshot;
      const isLate = performance.now() > untilMs;
      if (isLate || this.fold.isAt(hall)) return this.fold.last(hall);
      await sleep(LOOK_MS);
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #looking(): Promise<void> {
    // As a page does that knows nothing yet: soon.
    const everyMs = () => (this.fold.isBlank ? LOOK_MS : this.#lookMs);
    return this.#repeat(everyMs, async () => {
      // Before the stream is open a snapshot would miss the moves in between.
      if (this.fold.isBlank && !this.#listened) return;
      const { statusCode, body } = await request(`${this.#session}/seats`, {
        headersTimeout: ANSWER_MS,
        bodyTimeout: ANSWER_MS,
      });
      const text = await body.text();
      if (statusCode === 200) this.fold.snapshot(JSON.parse(text));
    });
  }

  /** Reads the stream until it ends. */
  async #listen(): Promise<void> {
    const { statusCode, body } = await request(`${this.#session}/stream`, {
      signal: this.#stop.signal,
      headers: {
        accept: 'text/event-stream',
        ...(this.#lastId !== undefined && { 'last-event-id': this.#lastId }),
      },
      headersTimeout: ANSWER_MS,
      bodyTimeout: SILENCE_MS,
    });
    if (statusCode !== 200) {
      await body.dump();
      return;
    }
    // Without a place to go on from, only a new snapshot knows what was missed.
    if (this.#lastId === undefined) this.fold.reset();
    this.#listened = true;
    let text = '';
    for await (const chunk of body.setEncoding('utf8')) {
      text += chunk;
      for (let cut = text.indexOf('\n\n'); cut !== -1; cut = text.indexOf('\n\n')) {
        this.#hear(text.slice(0, cut));
        text = text.slice(cut + 2);
      }
    }
  }

  #hear(block: string): void {
    const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1];
    const event = field('event');
    if (event === 'reset') {
      this.#lastId = undefined;
      this.fold.reset();
    }
    if (event !== 'seats') return;
    this.fold.delta(JSON.parse(field('data')!));
    this.#lastId = field('id');
  }

  /** Again and again until `stop`: a stream that breaks is no fault, only what it says may be. */
  async #repeat(everyMs: () => number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await work();
      } catch (error) {
        if (error instanceof SyntaxError) this.fold.faults.push(`unreadable: ${error.message}`);
      }
      await sleep(everyMs(), undefined, { signal }).catch(() => undefined);
    }
  }
}
