/** Answers that are packed at their source: which, how, and under which tag. */
import { Readable } from 'node:stream';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { ServiceSchema } from 'moleculer';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenDoor, openDoor } from './gateway.support.ts';

const ID = '0123456789abcdef';
const API = '/api/v1';
/** Longer than what is packed, and not ASCII alone. */
const LONG = { id: ID, text: '座位'.repeat(1_000) };
const LAYOUT = JSON.stringify({ seats: Array.from({ length: 20_000 }, (_, seat) => ({ seat })) });

const services: ServiceSchema[] = [
  { name: 'venue', actions: { get: () => LONG, adminGet: () => LONG } },
  {
    name: 'show',
    actions: {
      // One byte on each side of the line.
      get: () => ({ text: 'x'.repeat(1_023 - '{"text":""}'.length) }),
      list: () => ({ text: 'x'.repeat(1_024 - '{"text":""}'.length) }),
    },
  },
  {
    name: 'session',
    actions: {
      layout: (ctx) => {
        (ctx.meta as Record<string, unknown>).$responseHeaders = { ETag: '"v1-full"' };
        return Readable.from([Buffer.from(LAYOUT)], { objectMode: false });
      },
    },
  },
];

let door: OpenDoor;
beforeAll(async () => {
  door = await openDoor('front', async () => services);
});
afterAll(() => door.close());

async function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const target = API + path;
  const {
    statusCode,
    headers: answered,
    body,
  } = await request(`http://127.0.0.1:${door.port}${target}`, {
    method: method as 'GET',
    headers: { ...door.proofFor(method, target), ...headers },
  });
  const bytes = Buffer.from(await body.arrayBuffer());
  return { status: statusCode, headers: answered as Record<string, string>, bytes };
}
const accepting = (encoding: string) => ({ 'Accept-Encoding': encoding });

const UNPACK = { br: brotliDecompressSync, gzip: gunzipSync };
const encodings = ['br', 'gzip'] as const;

describe.each([
  ['a venue', `/venues/${ID}`, JSON.stringify(LONG)],
  ['a layout, which is a stream,', `/sessions/${ID}/layout`, LAYOUT],
])('%s', (_, path, text) => {
  it.each(encodings)('is packed with %s for whoever asks for it, and is the same', async (name) => {
    const { status, headers, bytes } = await ask(path, accepting(name));
    expect([status, headers['content-encoding'], headers.vary]).toEqual([
      200,
      name,
      'Accept-Encoding',
    ]);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(UNPACK[name](bytes).toString()).toBe(text);
    expect(bytes.length).toBeLessThan(Buffer.byteLength(text) / 3);
  });
  it('is whole for whoever asks for nothing we know', async () => {
    for (const headers of [{}, ...['identity', 'zstd', '*', 'br;q=0'].map(accepting)]) {
      const answer = await ask(path, headers);
      expect(answer.headers).not.toHaveProperty('content-encoding');
      expect(answer.headers.vary).toBe('Accept-Encoding');
      expect(answer.bytes.toString()).toBe(text);
    }
  });
  it('has a strong tag of its own in each encoding, and is 304 for that tag alone', async () => {
    const asked = [{}, ...encodings.map(accepting)];
    const tags = await Promise.all(asked.map(async (as) => (await ask(path, as)).headers.etag!));
    expect(new Set(tags).size).toBe(3);
    for (const tag of tags) expect(tag).toMatch(/^"[\w-]+"$/);
    for (const [i, as] of asked.entries())
      for (const tag of tags) {
        const answer = await ask(path, { ...as, 'If-None-Match': tag });
        expect(answer.status).toBe(tag === tags[i] ? 304 : 200);
        expect(answer.headers.etag).toBe(tags[i]);
        expect(answer.headers.vary).toBe('Accept-Encoding');
      }
  });
  it('has the same headers for HEAD, and no body', async () => {
    const { status, headers, bytes } = await ask(path, accepting('br'), 'HEAD');
    expect([status, headers['content-encoding'], bytes.length]).toEqual([200, 'br', 0]);
  });
});

describe('an answer', () => {
  it('is packed from 1024 bytes on', async () => {
    expect((await ask('/shows', accepting('br'))).headers['content-encoding']).toBe('br');
    const short = await ask(`/shows/${ID}`, accepting('br'));
    expect(short.headers).not.toHaveProperty('content-encoding');
    expect(short.bytes).toHaveLength(1_023);
  });
  it('is never packed when it is somebody’s own', async () => {
    const headers = {
      ...accepting('br'),
      Authorization: `Bearer ${door.tokenFor('anna', 'organiser')}`,
    };
    const answer = await ask(`/admin/venues/${ID}`, headers);
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty('content-encoding');
    expect(answer.headers).not.toHaveProperty('vary');
  });
  it('that is a refusal is never packed either', async () => {
    const answer = await ask(`/shows?text=${'x'.repeat(2_000)}&text=1`, accepting('br'));
    expect(answer.status).toBe(422);
    expect(answer.headers).not.toHaveProperty('content-encoding');
  });
});
