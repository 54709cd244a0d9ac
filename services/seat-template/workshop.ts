/**
 * The way to the drawing thread. A plan takes seconds of a processor and up to half a gigabyte, and
 * the service has buyers to answer: plans are judged and drawn beside it, one after the other.
 *
 * Always true: a question is answered or refused. A thread that dies takes the questions it was
 * asked with it (BUSY), and the next question starts another.
 */
import { Worker } from 'node:worker_threads';
import { type RefusalWord, refusal, refuse } from '../../contracts/errors.ts';
import type { TemplateBody } from './body.ts';
import type { Question, Reply, TaskName, Tasks } from './tasks.ts';

/** The most a body within its bounds was seen to need, with room. */
const HEAP_MIB = 640;
/** Questions wait with all they ask about; more than this many bytes are not kept waiting. */
const WAITING_BYTES_MAX = 128 * 1_024 * 1_024;

interface Waiting {
  readonly bytes: number;
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** A plan, or a body with the plan it came to. */
const bytesIn = (asked: Uint8Array | TemplateBody): number =>
  asked instanceof Uint8Array ? asked.length : (asked.columns?.plan.length ?? 0);

export class Workshop {
  #thread: Worker | undefined;
  #lastId = 0;
  #bytes = 0;
  readonly #waiting = new Map<number, Waiting>();
  readonly #lost: (error: Error) => void;

  /** @param lost hears why a thread died; those who wait for it hear BUSY */
  constructor(lost: (error: Error) => void) {
    this.#lost = lost;
  }

  /** Has the thread load its code before the first plan comes. */
  open(): void {
    this.#thread ??= this.#started();
  }

  /** How many questions have no answer yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
    this.#dismiss();
  }

  /** @throws what the task throws; BUSY when too much waits, or the thread died */
  async ask<Name extends TaskName>(
    task: Name,
    ...input: Parameters<Tasks[Name]>
  ): Promise<ReturnType<Tasks[Name]>> {
    const bytes = bytesIn(input[0]);
    if (this.#waiting.size > 0 && this.#bytes + bytes > WAITING_BYTES_MAX) refuse('BUSY');
    this.open();
    const id = ++this.#lastId;
    const question: Question = { id, task, input };
    return new Promise((resolve, reject) => {
      const answered = resolve as (answer: unknown) => void;
      this.#waiting.set(id, { bytes, resolve: answered, reject });
      this.#bytes += bytes;
      this.#thread!.postMessage(question);
    });
  }

  #started(): Worker {
    const thread = new Worker(new URL('./thread.ts', import.meta.url), {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    thread.unref(); // it has no work of its own: whoever waits for it keeps the process alive
    thread.on('message', (reply: Reply) => this.#settle(reply));
    thread.on('error', (error) => this.#lose(thread, error));
    thread.on('exit', () => this.#lose(thread, new Error('the drawing thread has ended')));
    return thread;
  }

  #settle(reply: Reply): void {
    const waiting = this.#taken(reply.id);
    if ('answer' in reply) waiting?.resolve(reply.answer);
    else if ('word' in reply)
      waiting?.reject(refusal(reply.word as RefusalWord, reply.data as never));
    else waiting?.reject(new Error(reply.bug));
  }

  #taken(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    this.#bytes -= waiting?.bytes ?? 0;
    return waiting;
  }

  #lose(thread: Worker, cause: Error): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    this.#lost(cause);
    this.#dismiss();
  }

  #dismiss(): void {
    for (const id of [...this.#waiting.keys()]) this.#taken(id)?.reject(refusal('BUSY'));
  }
}
