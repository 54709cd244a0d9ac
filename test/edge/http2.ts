/**
 * HTTP/2 by hand: frames that no honest client would send, and what the edge does about them. Only
 * what that takes: header fields as literals, no flow control beyond the first window.
 */
import { once } from 'node:events';
import { connect } from 'node:tls';

const TYPES = { data: 0, headers: 1, reset: 3, settings: 4, goaway: 7 } as const;
const END_STREAM = 1;
const END_HEADERS = 4;
const ANSWER_MS = 5_000;
/** `:status` as nginx writes it: the codes of the static table, by their index. */
const STATUS_BY_INDEX: Readonly<Record<number, number>> = { 136: 200, 140: 400, 141: 404 };

export type Field = readonly [name: string, value: string];

/** What came back on the first stream of a connection. */
export interface Outcome {
  /** Of the answer, when there was one and its code is a usual one. */
  readonly status?: number;
  readonly text: string;
  /** The stream, or the whole connection, was ended with an error. */
  readonly broken: boolean;
}

const literal = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const more = bytes.length - 127;
  const length = more < 128 ? [127, more] : [127, (more & 127) | 128, more >> 7];
  return Buffer.concat([Buffer.from(length), bytes]);
};

/** A frame of the first stream, or (settings) of the connection. */
function frame(type: keyof typeof TYPES, flags: number, payload: Buffer, stream = 1): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(TYPES[type], 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export const headersFrame = (fields: readonly Field[], last = true): Buffer =>
  frame(
    'headers',
    END_HEADERS | (last ? END_STREAM : 0),
    Buffer.concat(
      fields.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]),
    ),
  );

export const dataFrame = (text: string, last = true): Buffer =>
  frame('data', last ? END_STREAM : 0, Buffer.from(text));

/** The four fields every request begins with, some of them changed. */
export const pseudo = (changed: Readonly<Record<string, string>> = {}): Field[] =>
  Object.entries({
    ':method': 'GET',
    ':scheme': 'https',
    ':authority': 'localhost',
    ':path': '/api/v1/shows',
    ...changed,
  });

/** Sends frames on a connection of their own and reads until their stream has ended. */
export async function sendFrames(port: number, frames: readonly Buffer[]): Promise<Outcome> {
  const socket = connect({ port, host: '127.0.0.1', ALPNProtocols: ['h2'] });
  socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error('the stream was never ended')));
  await once(socket, 'secureConnect');
  const greeting = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  socket.write(Buffer.concat([greeting, frame('settings', 0, Buffer.alloc(0), 0), ...frames]));
  let unread = Buffer.alloc(0);
  let status: number | undefined;
  let body = '';
  for await (const chunk of socket) {
    unread = Buffer.concat([unread, chunk]);
    while (unread.length >= 9 && unread.length >= 9 + unread.readUIntBE(0, 3)) {
      const end = 9 + unread.readUIntBE(0, 3);
      const [type, flags] = [unread[3], unread[4]!];
      const payload = unread.subarray(9, end);
      unread = unread.subarray(end);
      const broken = type === TYPES.reset || type === TYPES.goaway;
      if (type === TYPES.headers) status = STATUS_BY_INDEX[payload.find((byte) => byte >= 128)!];
      if (type === TYPES.data) body += payload;
      const answers = type === TYPES.headers || type === TYPES.data;
      if (!broken && !(answers && (flags & END_STREAM) !== 0)) continue;
      socket.destroy();
      return { ...(status && { status }), text: body, broken };
    }
  }
  return { ...(status && { status }), text: body, broken: true };
}
