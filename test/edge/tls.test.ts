/** The edge with TLS: both versions of HTTP over it, and everything else as it is without. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { shownBy } from '../../bin/certificate.ts';
import { answersOk } from '../../bin/supervisor/health.ts';
import { dataFrame, type Field, headersFrame, pseudo, sendFrames } from './http2.ts';
import { type Answer, type Ask, expectRefusal, lineOf, newSession, Stage } from './stage.ts';

let stage: Stage;
let runDir: string;
let session: ClientHttp2Session;
beforeAll(async () => {
  runDir = mkdtempSync(join(tmpdir(), 'hotseat-tls-'));
  stage = await Stage.start({ env: { EDGE_TLS: 'self-signed', RUN_DIR: runDir } });
  session = connectHttp2(stage.url, { ca: shownBy(stage.config) });
});
afterAll(async () => {
  session?.destroy();
  await stage?.end();
  rmSync(runDir, { recursive: true, force: true });
});
beforeEach(() => {
  stage.doors.seen.length = 0;
});

const KIB = 1_024;
const MIB = KIB * KIB;

/** One request as a stream of the one connection. */
function ask(path: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Answer> {
  return new Promise((done, failed) => {
    const stream = session.request({ ...headers, ':method': method, ':path': path });
    let head: Record<string, string> = {};
    let text = '';
    stream.setEncoding('utf8');
    stream.on('response', (fields) => {
      head = fields as Record<string, string>;
    });
    stream.on('data', (chunk) => {
      text += chunk;
    });
    // After an early answer the rest of the body is unwanted: then the stream ends by a reset.
    stream.on('close', () => {
      const isJson = head['content-type']?.includes('json') && text !== '';
      const json = isJson ? JSON.parse(text) : {};
      done({ status: Number(head[':status']), headers: head, text, json });
    });
    stream.on('error', (error) => head[':status'] ?? failed(error));
    stream.end(body);
  });
}

/** A connection of its own, shaken hands on. */
function handshake(options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((done, failed) => {
    const { edgePort: port } = stage.config;
    const socket = connect({ port, host: '127.0.0.1', ...options }, () => done(socket));
    socket.on('error', failed);
    onTestFinished(() => void socket.destroy());
  });
}

describe('HTTP/2', () => {
  it('is what a client gets that speaks it', async () => {
    const { alpnProtocol } = await handshake({ ALPNProtocols: ['h2', 'http/1.1'] });
    expect(alpnProtocol).toBe('h2');
    const answer = await ask('/api/v1/shows?limit=1', { headers: { 'accept-language': 'en' } });
    expect(answer).toMatchObject({ status: 200, json: { from: 'node' } });
    expect(stage.doors.seen[0]).toMatchObject({
      target: '/api/v1/shows?limit=1',
      headers: { 'accept-language': 'en', 'x-forwarded-proto': 'https' },
    });
  });
  it('carries fifty streams on one connection, each event as it is written', async () => {
    const streams = 50;
    const readers: { write(text: string): void }[] = [];
    const { behave } = stage.doors;
    stage.doors.behave = (_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      res.write('event: time\ndata: {}\n\n');
      readers.push(res);
    };
    onTestFinished(() => {
      stage.doors.behave = behave;
    });
    const heard = Array.from({ length: streams }, () => '');
    const open = heard.map((_, i) => {
      const stream = session.request({ ':path': `/api/v1/sessions/${newSession()}/stream` });
      stream.setEncoding('utf8').on('data', (chunk) => {
        heard[i] += chunk;
      });
      stream.on('error', () => undefined); // closed at the end
      return stream;
    });
    const allHeard = (event: string) =>
      vi.waitFor(
        () => expect(heard.filter((text) => text.includes(event)).length).toBe(streams),
        10_000,
      );
    await allHeard('event: time');
    for (const reader of readers) reader.write('event: seats\ndata: {}\n\n');
    await allHeard('event: seats');
    for (const stream of open) stream.close();
  });
  it('lets Node feel a reader who is too slow, and no other stream of the connection', async () => {
    const piece = Buffer.alloc(64 * KIB, 'x');
    let waiting = 0;
    let closed = false;
    const { behave } = stage.doors;
    stage.doors.behave = (req, res, body) => {
      if (!req.url!.endsWith('/stream')) return behave(req, res, body);
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      const more = setInterval(() => {
        if (waiting < MIB) res.write(piece);
        waiting = res.writableLength;
      }, 5);
      res.on('close', () => {
        clearInterval(more);
        closed = true;
      });
    };
    onTestFinished(() => {
      stage.doors.behave = behave;
    });
    const own = connectHttp2(stage.url);
    own.on('connect', () => own.setLocalWindowSize(16 * MIB));
    onTestFinished(() => own.destroy());
    const slow = own.request({ ':path': `/api/v1/sessions/${newSession()}/stream` });
    slow.on('error', () => undefined); // closed at the end
    await vi.waitFor(() => expect(waiting).toBeGreaterThan(MIB - piece.length), 10_000);
    const other = own.request({ ':path': '/api/v1/shows' });
    const [head] = await once(other, 'response');
    expect(head[':status']).toBe(200);
    slow.close();
    await vi.waitFor(() => expect(closed).toBe(true), 5_000);
  });
  it('knows every refusal that HTTP/1 knows', async () => {
    const sale = newSession();
    await stage.flag(sale, lineOf({ soldOut: 1 }));
    const locks = (of: string) => `/api/v1/sessions/${of}/locks`;
    const lock = { method: 'POST', body: '{"seats":[1]}' };
    expectRefusal(await ask(locks(sale), lock), 409, 'SOLD_OUT');
    expectRefusal(await ask('/api/v1/orders'), 401, 'UNAUTHENTICATED');
    expectRefusal(await ask('/nowhere'), 404, 'NOT_FOUND');
    const other = newSession();
    const big = { ...lock, headers: stage.buyer(other), body: Buffer.alloc(16 * KIB + 1, 'x') };
    expectRefusal(await ask(locks(other), big), 413, 'BODY_TOO_LARGE');
    const said = { ...big.headers, 'content-length': String(big.body.length) };
    expectRefusal(await ask(locks(other), { ...big, headers: said }), 413, 'BODY_TOO_LARGE');
    expect(stage.doors.seen).toEqual([]);
  });
  it('has a header of up to 8 KB; the connection of a longer one is closed', async () => {
    const long = (size: number) => pseudo({ ':path': `/api/v1/shows?q=${'x'.repeat(size)}` });
    const { edgePort } = stage.config;
    const taken = await sendFrames(edgePort, [headersFrame(long(7 * KIB))]);
    expect(taken).toMatchObject({ status: 200, broken: false });
    const refused = await sendFrames(edgePort, [headersFrame(long(9 * KIB))]);
    expect(refused).toEqual({ text: '', broken: true });
    expect(stage.doors.seen).toHaveLength(1);
  });
});

describe('what is no HTTP/2', () => {
  const body = (fields: Field[], text: string) => [
    headersFrame([...pseudo({ ':method': 'POST' }), ...fields], false),
    dataFrame(text),
  ];
  const more = (...fields: Field[]) => [headersFrame([...pseudo(), ...fields])];
  const path = (text: string) => [headersFrame(pseudo({ ':path': text }))];
  it.each([
    ['a path with a space', path('/api/v1/shows HTTP/1.1')],
    ['a path with a line end', path('/api/v1/shows\r\nx-edge-uid: u1')],
    ['a path with a null byte', path('/api/v1/shows\0')],
    ['a path that is a whole url', path('https://elsewhere/api/v1/shows')],
    ['no path', [headersFrame(pseudo().filter(([name]) => name !== ':path'))]],
    ['two paths', more([':path', '/api/v1/admin/shows'])],
    ['two methods', more([':method', 'POST'])],
    ['an unknown pseudo header', more([':uid', 'u1'])],
    ['a method with a line in it', [headersFrame(pseudo({ ':method': 'GET /x HTTP/1.1' }))]],
    ['a host that is not the authority', more(['host', 'elsewhere'])],
    ['a header name in capitals', more(['X-Permit', 'a'])],
    ['a header value with a line end', more(['x-permit', 'a\r\nx-edge-uid: u1'])],
    ['a connection header', more(['connection', 'x-permit'])],
    ['a keep-alive header', more(['keep-alive', 'timeout=5'])],
    ['an upgrade', more(['upgrade', 'websocket'])],
    ['a proxy-connection header', more(['proxy-connection', 'close'])],
    ['chunks', body([['transfer-encoding', 'chunked']], '0\r\n\r\n')],
    ['more than its length says', body([['content-length', '1']], '{}')],
    ['less than its length says', body([['content-length', '3']], '{}')],
    [
      'two lengths',
      body(
        [
          ['content-length', '2'],
          ['content-length', '3'],
        ],
        '{}',
      ),
    ],
    [
      'trailers',
      [
        headersFrame(pseudo({ ':method': 'POST' }), false),
        dataFrame('{}', false),
        headersFrame([['x-permit', 'a']]),
      ],
    ],
  ])('is refused before Node sees it: %s', async (_, frames) => {
    const outcome = await sendFrames(stage.config.edgePort, frames);
    if (!outcome.broken) expect(outcome).toMatchObject({ status: 400 });
    if (!outcome.broken) expect(JSON.parse(outcome.text).code).toBe('REQUEST_MALFORMED');
    expect(stage.doors.seen).toEqual([]);
  });
  it('is told apart from what is', async () => {
    const { edgePort } = stage.config;
    const frames = body([['content-length', '2']], '{}');
    expect(await sendFrames(edgePort, frames)).toMatchObject({ status: 200, broken: false });
    expect(stage.doors.seen[0]!.body.toString()).toBe('{}');
  });
});

describe('HTTP/1.1', () => {
  it('works over TLS as it does without', async () => {
    const { alpnProtocol } = await handshake({ ALPNProtocols: ['http/1.1'] });
    expect(alpnProtocol).toBe('http/1.1');
    const answer = await stage.ask('/api/v1/shows', { headers: { Connection: 'close' } });
    expect(answer).toMatchObject({ status: 200, json: { from: 'node' } });
    expectRefusal(await stage.ask('/api/v1/orders'), 401, 'UNAUTHENTICATED');
  });
  it('without TLS is sent on to the same place with TLS, and reaches nobody', async () => {
    const text = await stage.raw(
      'POST /api/v1/shows?q=a%20b HTTP/1.1\r\nHost: localhost:1234\r\nContent-Length: 0\r\n' +
        'Connection: close\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1.1 308 /);
    expect(text).toMatch(/^Location: https:\/\/localhost:1234\/api\/v1\/shows\?q=a%20b\r$/m);
    expect(stage.doors.seen).toEqual([]);
  });
});

describe('TLS', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is spoken as %s', async (version) => {
    const socket = await handshake({ minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
  });
  it('is not spoken as it was before 1.2', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    await expect(handshake(old as ConnectionOptions)).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    });
  });
  it('resumes a session from memory, without tickets', async () => {
    const first = await handshake({ maxVersion: 'TLSv1.2' });
    expect(first.getTLSTicket()).toBeUndefined();
    const again = await handshake({ maxVersion: 'TLSv1.2', session: first.getSession()! });
    expect(again.isSessionReused()).toBe(true);
  });
  it('is believed by whoever knows the certificate, and by nobody else', async () => {
    const { headers } = await stage.ask('/healthz');
    expect(headers['strict-transport-security']).toBeUndefined();
    await expect(handshake({ ca: [] })).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
  });
});

describe('a certificate of the operator', () => {
  it('is shown, told to browsers for good, and believed by probes whatever its name', async () => {
    const { edgeTlsCert, edgeTlsKey } = stage.config;
    const files = { EDGE_TLS: 'files', EDGE_TLS_CERT: edgeTlsCert, EDGE_TLS_KEY: edgeTlsKey };
    const theirs = await Stage.start({ env: { ...files, EDGE_HOST: '0.0.0.0' } });
    onTestFinished(() => theirs.end());
    const { headers } = await theirs.ask('/healthz');
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
    // Another address of this machine, for which the certificate has no name.
    const url = `${theirs.url}/healthz`.replace('127.0.0.1', '127.0.0.2');
    const certificate = shownBy(theirs.config);
    expect(await answersOk(url)).toBe(false);
    expect(await answersOk(url, { certificate })).toBe(true);
    const { cert: another } = await generate([], { keyType: 'ec', algorithm: 'sha256' });
    expect(await answersOk(url, { certificate: another })).toBe(false);
  });
});
