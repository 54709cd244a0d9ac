/** The certificate of the edge: made once, kept, made anew; and the operator's, checked at once. */
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareCertificate, shownBy } from '../../bin/certificate.ts';
import { type Config, readConfig } from '../../config/index.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'certificate-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const DAY_MS = 24 * 3_600_000;

const configured = (env: Record<string, string> = {}): Config =>
  readConfig({ RUN_DIR: dir, EDGE_TLS: 'self-signed', ...env });

/** What the edge shows after its preparation. */
async function prepared(config: Config): Promise<X509Certificate> {
  await prepareCertificate(config);
  return new X509Certificate(shownBy(config));
}

/** A pair as an operator has it. */
async function pair(endsAt = new Date(Date.now() + 90 * DAY_MS)) {
  const made = await generate([{ name: 'commonName', value: 'tickets.example' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - 180 * DAY_MS),
    notAfterDate: endsAt,
  });
  const files = { EDGE_TLS_CERT: join(dir, 'their.crt'), EDGE_TLS_KEY: join(dir, 'their.key') };
  writeFileSync(files.EDGE_TLS_CERT, made.cert);
  writeFileSync(files.EDGE_TLS_KEY, made.private);
  return { ...files, EDGE_TLS: 'files' };
}

describe('a certificate made for development', () => {
  it('covers every name the edge is called by on this machine', async () => {
    const certificate = await prepared(
      configured({ EDGE_HOST: '192.0.2.7', PUBLIC_URL: 'https://Tickets.test:8443' }),
    );
    for (const host of ['localhost', 'tickets.test'])
      expect(certificate.checkHost(host), host).toBe(host);
    for (const ip of ['127.0.0.1', '::1', '192.0.2.7'])
      expect(certificate.checkIP(ip), ip).toBe(ip);
    expect(certificate.checkHost('elsewhere.test')).toBeUndefined();
  });
  it('has a key that its owner alone can read', async () => {
    const config = configured();
    const certificate = await prepared(config);
    expect(statSync(config.edgeTlsKey).mode & 0o777).toBe(0o600);
    const key = createPrivateKey(readFileSync(config.edgeTlsKey));
    expect(certificate.checkPrivateKey(key)).toBe(true);
  });
  it('is made once, however often the system starts', async () => {
    const first = await prepared(configured());
    const second = await prepared(configured());
    expect(second.fingerprint256).toBe(first.fingerprint256);
  });
  it('is made anew when a name is added', async () => {
    const first = await prepared(configured());
    const second = await prepared(configured({ PUBLIC_URL: 'https://tickets.test' }));
    expect(second.fingerprint256).not.toBe(first.fingerprint256);
    expect(second.checkHost('tickets.test')).toBe('tickets.test');
  });
  it.each([29, 31])('with %i days left is kept for 30 days and no longer', async (days) => {
    const config = configured();
    const first = await prepared(config);
    const altNames = [
      { type: 2 as const, value: 'localhost' },
      ...['127.0.0.1', '::1'].map((ip) => ({ type: 7 as const, ip })),
    ];
    const old = await generate([{ name: 'commonName', value: 'old' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      notAfterDate: new Date(Date.now() + days * DAY_MS),
      extensions: [{ name: 'subjectAltName', altNames }],
    });
    writeFileSync(config.edgeTlsCert, old.cert);
    writeFileSync(config.edgeTlsKey, old.private);
    const second = await prepared(config);
    expect(second.fingerprint256).not.toBe(first.fingerprint256);
    expect(second.subject === 'CN=old').toBe(days > 30);
  });
  it('is made anew when it was cut off half-way: no certificate, or not of this key', async () => {
    const config = configured();
    const first = await prepared(config);
    writeFileSync(config.edgeTlsCert, '');
    const second = await prepared(config);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(config.edgeTlsKey, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const third = await prepared(config);
    const prints = [first, second, third].map(({ fingerprint256 }) => fingerprint256);
    expect(new Set(prints).size).toBe(3);
  });
});

describe('a certificate of the operator', () => {
  const faultOf = (config: Config): Promise<string> =>
    prepareCertificate(config).then(
      () => 'accepted',
      (error: Error) => error.message,
    );

  it('is taken as it is', async () => {
    const env = await pair();
    const before = readFileSync(env.EDGE_TLS_CERT, 'utf8');
    expect(await faultOf(configured(env))).toBe('accepted');
    expect(readFileSync(env.EDGE_TLS_CERT, 'utf8')).toBe(before);
  });
  it.each(['EDGE_TLS_CERT', 'EDGE_TLS_KEY'] as const)(
    'that cannot be read is one line that names %s and its file',
    async (name) => {
      const env = await pair();
      rmSync(env[name]);
      const said = await faultOf(configured(env));
      expect(said).toMatch(new RegExp(`^${name}: ${env[name]} cannot be used \\(.*ENOENT`));
      expect(said).not.toContain('\n');
      writeFileSync(env[name], 'garbage');
      expect(await faultOf(configured(env))).toMatch(new RegExp(`^${name}: .* cannot be used`));
    },
  );
  it('that has ended, or is not of this key, is one line', async () => {
    const ended = await pair(new Date(Date.now() - DAY_MS));
    expect(await faultOf(configured(ended))).toMatch(/^EDGE_TLS_CERT: ended on \d{4}-/);
    const env = await pair();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(env.EDGE_TLS_KEY, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect(await faultOf(configured(env))).toMatch(/^EDGE_TLS_KEY: .* is not the key of /);
  });
});
