/**
 * The client of `bench:overload`: so many questions a second, however long the answers take. A
 * question is late from the moment it should have been asked, also when no connection was free.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Open before the first question, as those of an edge are: Node accepts one a turn. */
const CONNECTIONS = 512;
const TICK_MS = 1;
/** What is on its way when the time is up is waited for so long. */
const REST_MS = 3_000;
const STATUS = /^HTTP\/1\.1 (\d{3}) /;
const LENGTH = /\r\ncontent-length: (\d+)\r\n/i;
const CLOSING = /\r\nconnection: close\r\n/i;
const END_OF_HEAD = '\r\n\r\n';
const SHED = 503;

export interface Asked {
  readonly port: number;
  readonly request: Buffer;
  /** What is answered to what is let in. */
  readonly status: number;
}
export interface Outcome {
  /** Of the answers to what was let in, ms. */
  readonly latenciesMs: readonly number[];
  readonly shed: number;
  /** Asked and not answered in time. */
  readonly lost: number;
  readonly seconds: number;
}

type Answered = (line: Line, status: number, dueMs: number) => void;

/** A connection with at most one question on its way. */
class Line {
  readonly #socket: Socket;
  readonly #request: Buffer;
  readonly #answered: Answered;
  readonly opened: Promise<unknown>;
  #dueMs = 0;
  #text = '';

  constructor({ port, request }: Asked, answered: Answered, gone: (line: Line) => void) {
    this.#request = request;
    this.#answered = answered;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.opened = once(this.#socket, 'connect');
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => this.#take(text));
    this.#socket.on('error', () => gone(this));
    this.#socket.on('close', () => gone(this));
  }

  ask(dueMs: number): void {
    this.#dueMs = dueMs;
    this.#socket.write(this.#request);
  }
  end(): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    this.#text += text;
    const head = this.#text.indexOf(END_OF_HEAD);
    if (head < 0) return;
    const length = Number(LENGTH.exec(this.#text)?.[1] ?? 0);
    if (this.#text.length < head + END_OF_HEAD.length + length) return;
    const status = Number(STATUS.exec(this.#text)?.[1]);
    const closing = CLOSING.test(this.#text);
    this.#text = '';
    if (closing) this.end();
    this.#answered(this, status, this.#dueMs);
  }
}

/**
 * Asks `perSecond` times a second, for so long.
 * @param skipMs what is asked in the beginning is not counted
 * @throws for an answer nobody expected
 */
export async function offer(
  asked: Asked,
  perSecond: number,
  forMs: number,
  skipMs = 0,
): Promise<Outcome> {
  let startedMs = Number.POSITIVE_INFINITY;
  let countedMs = startedMs;
  const free: Line[] = [];
  const all = new Set<Line>();
  const waiting: number[] = [];
  const latenciesMs: number[] = [];
  let [shed, open, wrong] = [0, 0, 0];
  const gone = (line: Line) => {
    all.delete(line);
    const at = free.indexOf(line);
    if (at >= 0) free.splice(at, 1);
  };
  const next = (line: Line) => {
    const dueMs = waiting.shift();
    if (!all.has(line)) return;
    if (dueMs === undefined) free.push(line);
    else line.ask(dueMs);
  };
  const answered = (line: Line, status: number, dueMs: number) => {
    open--;
    if (status !== SHED && status !== asked.status) wrong = status;
    if (dueMs >= countedMs) {
      if (status === SHED) shed++;
      else latenciesMs.push(performance.now() - dueMs);
    }
    next(line);
  };
  const ask = (dueMs: number) => {
    open++;
    const line = free.pop();
    if (line) line.ask(dueMs);
    else waiting.push(dueMs);
  };

  for (let n = 0; n < CONNECTIONS; n++) {
    const line = new Line(asked, answered, gone);
    all.add(line);
    await line.opened;
    free.push(line);
  }
  startedMs = performance.now();
  countedMs = startedMs + skipMs;
  let sent = 0;
  await new Promise<void>((done) => {
    const tick = setInterval(() => {
      const passedMs = Math.min(performance.now() - startedMs, forMs);
      const due = Math.floor((passedMs * perSecond) / 1_000);
      for (; sent < due; sent++) ask(startedMs + (sent * 1_000) / perSecond);
      if (passedMs < forMs) return;
      clearInterval(tick);
      done();
    }, TICK_MS);
  });
  const seconds = (performance.now() - countedMs) / 1_000;
  const untilMs = performance.now() + REST_MS;
  while (open > 0 && performance.now() < untilMs) await new Promise((go) => setTimeout(go, 10));
  for (const line of all) line.end();
  if (wrong > 0) throw new Error(`${asked.status} was expected, not ${wrong}`);
  return { latenciesMs, shed, lost: open, seconds };
}
