/**
 * The client of `bench:edge`: connections that are kept alive, each with one request open. Requests
 * are prepared bytes. An answer counts when all of it is here and its status is the expected one;
 * another status ends the bench, because what was measured would be another thing.
 */
import { connect, type Socket } from 'node:net';

const CONNECTIONS = 64;
const END_OF_HEAD = '\r\n\r\n';
const LENGTH = /^content-length: (\d+)\r$/im;
const CLOSING = /^connection: close\r$/im;
/** One in so many may pass a limit. */
const PASSING_MOST = 100;
const READ_BYTES = 65_536;

export interface Question {
  readonly port: number;
  /** Asked at random, so that a cache as big as all of them is not thrown over in turns. */
  readonly requests: readonly Buffer[];
  readonly status: number;
  /** The status of the few that a limit lets pass, at most one in a hundred. */
  readonly passing?: number;
}

/** Questions on their way. */
export interface Load {
  /** How many were answered so far. */
  answered(): number;
  /** Whether all answers were expected so far. */
  right(): boolean;
  /** Asks nothing more. @throws the first answer that was not expected */
  end(): void;
}

/** Asks until it is ended, as fast as the answers come. */
export function startLoad({ port, requests, status, passing = status }: Question): Load {
  const sockets = new Set<Socket>();
  let answered = 0;
  let passed = 0;
  let ended = false;
  let wrong: Error | undefined;
  const fail = (why: string) => {
    wrong ??= new Error(`${firstLineOf(requests[0]!)}: ${status} was expected, not ${why}`);
  };
  const count = (head: string) => {
    answered++;
    if (head.startsWith(`HTTP/1.1 ${status} `)) return;
    passed++;
    if (!head.startsWith(`HTTP/1.1 ${passing} `)) fail(head);
  };

  const open = () => {
    const ask = () => socket.write(requests[Math.floor(Math.random() * requests.length)]!);
    const take = readerOf((head) => {
      count(head);
      if (ended || wrong || CLOSING.test(head)) socket.end();
      else ask();
    }, fail);
    const onread = { buffer: Buffer.allocUnsafe(READ_BYTES), callback: take };
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread }, ask);
    sockets.add(socket);
    socket.on('error', (error) => fail(error.message));
    // nginx closes a connection after so many requests, and the last answer says so
    socket.on('close', () => {
      sockets.delete(socket);
      if (!ended && !wrong) open();
    });
  };
  for (let n = 0; n < CONNECTIONS; n++) open();
  return {
    answered: () => answered,
    right: () => !wrong,
    end: () => {
      ended = true;
      for (const socket of sockets) socket.destroy();
      if (answered === 0) fail('no answer');
      if (passed * PASSING_MOST > answered) fail(`${passed} of ${answered} times ${passing}`);
      if (wrong) throw wrong;
    },
  };
}

const firstLineOf = (request: Buffer) => request.toString('latin1').split('\r\n', 1)[0]!;

/** Reads the answers of one connection, of which never more than one is on its way. */
function readerOf(whole: (head: string) => void, fail: (why: string) => void) {
  let begun = '';
  let head = '';
  let missing = 0;
  return (bytes: number, buffer: Uint8Array): boolean => {
    let arrived = bytes;
    if (missing === 0) {
      begun += (buffer as Buffer).toString('latin1', 0, bytes);
      const end = begun.indexOf(END_OF_HEAD) + END_OF_HEAD.length;
      if (end < END_OF_HEAD.length) return true;
      head = begun.slice(0, end);
      arrived = begun.length;
      begun = '';
      const length = LENGTH.exec(head)?.[1];
      if (length === undefined) fail(`an answer that does not say how long it is: ${head}`);
      missing = end + Number(length);
    }
    missing -= arrived;
    if (missing === 0) whole(head);
    return true;
  };
}
