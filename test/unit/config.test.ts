/** Settings: every bound holds, every wrong value is one line that says what to do. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, environmentOf, grayRows, readConfig } from '../../config/index.ts';
import {
  EDGE_INSIDE_PORT,
  GRAY_ROWS,
  instancesOf,
  PROCESSES,
  SERVERS,
} from '../../config/processes.ts';
import { SETTINGS, type Setting } from '../../config/schema.ts';

const settings = Object.entries(SETTINGS) as [keyof typeof SETTINGS, Setting][];
const integers = settings.flatMap(([name, setting]) =>
  setting.type === 'integer' ? [{ name, ...setting }] : [],
);
const messageOf = (env: Record<string, string>): string => {
  try {
    readConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  return 'accepted';
};

describe('the table of settings', () => {
  it('names each environment variable once', () => {
    const names = settings.map(([, { env }]) => env);
    expect(new Set(names).size).toBe(names.length);
  });
  it('is usable as it stands: an empty environment is enough', () => {
    const config = readConfig({});
    for (const { name, default: value } of integers) expect(config[name], name).toBe(value);
  });
  it.each(integers)('$env defaults within its bounds', ({ default: value, min, max }) => {
    expect(value).toBeGreaterThanOrEqual(min);
    expect(value).toBeLessThanOrEqual(max);
  });
});

describe('a whole number', () => {
  it.each(integers)('$env takes both bounds and nothing beyond', ({ name, env, min, max }) => {
    for (const value of [min, max]) expect(readConfig({ [env]: String(value) })[name]).toBe(value);
    for (const value of [min - 1, max + 1, 'many', '1.5', 'NaN'])
      expect(messageOf({ [env]: String(value) })).toMatch(
        new RegExp(`^${env}: must be a whole number from ${min} to ${max} `),
      );
  });
});

describe('a choice or a pattern', () => {
  it.each([
    [{ MODE: 'demo' }, 'MODE: must be one of sandbox, production'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL: must be one of fatal'],
    [{ NAMESPACE: 'Has Space' }, 'NAMESPACE: must match'],
    [{ INSTANCE: 'rush-9' }, 'INSTANCE: config/processes.ts has no instance rush-9'],
  ])('refuses %j in one line', (env, line) => {
    expect(messageOf(env)).toContain(line);
    expect(messageOf(env)).not.toContain('\n');
  });
});

describe('a keyring', () => {
  const [a, b] = ['a'.repeat(32), 'b'.repeat(40)];
  it('keeps its keys in the order given: the first signs', () => {
    const { jwtKeys } = readConfig({ JWT_KEYS: `k2:${b},k1:${a}` });
    expect([...jwtKeys.keys()]).toEqual(['k2', 'k1']);
    expect(jwtKeys.get('k1')!.export().toString()).toBe(a);
  });
  it('may be empty where nothing is signed', () => {
    expect(readConfig({}).jwtKeys.size).toBe(0);
  });
  it.each([`k1:${a.slice(1)}`, `K1:${a}`, 'k1', `:${a}`, `k1:${a},`])('refuses %j', (keys) => {
    expect(messageOf({ JWT_KEYS: keys })).toMatch(/^JWT_KEYS: must be kid:secret/);
  });
  it('never shows a secret in a refusal', () => {
    expect(messageOf({ JWT_KEYS: 'k1:short-secret' })).not.toContain('short-secret');
  });
});

describe('a public key', () => {
  const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'der' }).toString('base64');
  const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });
  const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
  const [goodRsa, goodEc] = [spki(rsa(2_048).publicKey), spki(ec('P-256').publicKey)];
  const refusalOf = (keys: string, more: Record<string, string> = {}) => {
    const message = messageOf({ ...more, JWT_PUBLIC_KEYS: keys });
    expect(message).toMatch(/^JWT_PUBLIC_KEYS: /);
    expect(message).not.toContain('\n');
    return message;
  };

  it('is pinned to the algorithm that stands before it', () => {
    const { jwtPublicKeys } = readConfig({
      JWT_PUBLIC_KEYS: `r1:RS256:${goodRsa},e1:ES256:${goodEc}`,
    });
    const seen = [...jwtPublicKeys].map(([kid, { algorithm, key }]) => [kid, algorithm, spki(key)]);
    expect(seen).toEqual([
      ['r1', 'RS256', goodRsa],
      ['e1', 'ES256', goodEc],
    ]);
  });
  it('may be absent', () => {
    expect(readConfig({}).jwtPublicKeys.size).toBe(0);
  });
  it.each(['HS256', 'none', 'RS512', 'PS256', 'rs256', 'toString', ''])(
    'is not pinned to %j',
    (algorithm) => {
      expect(refusalOf(`r1:${algorithm}:${goodRsa}`)).toContain('must be one of RS256, ES256');
    },
  );
  it.each<[string, string, string]>([
    ['RS256', 'a key of 1,024 bits', spki(rsa(1_024).publicKey)],
    ['RS256', 'an EC key', goodEc],
    [
      'RS256',
      'an RSA-PSS key',
      spki(generateKeyPairSync('rsa-pss', { modulusLength: 2_048 }).publicKey),
    ],
    ['ES256', 'an RSA key', goodRsa],
    ['ES256', 'a key on P-384', spki(ec('P-384').publicKey)],
    ['ES256', 'a key on secp256k1', spki(ec('secp256k1').publicKey)],
    ['ES256', 'an Ed25519 key', spki(generateKeyPairSync('ed25519').publicKey)],
    ['RS256', 'nothing', ''],
    ['RS256', 'garbage', 'garbage'],
    ['RS256', 'half a key', goodRsa.slice(0, 200)],
    ['ES256', 'base64 with a space in it', goodEc.replace(/^..../, '$& ')],
    [
      'ES256',
      'a private key',
      ec('P-256').privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    ],
    [
      'RS256',
      'a PEM file',
      rsa(2_048).publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    ],
  ])('%s refuses %s and says what it needs', (algorithm, _, key) => {
    expect(refusalOf(`r1:${algorithm}:${key}`)).toMatch(/kid r1: [ER]S256 needs an (RSA|EC) key/);
  });
  it.each(['r1', `R1:RS256:${goodRsa}`, `:RS256:${goodRsa}`, `r1:RS256:${goodRsa}:x`, ','])(
    'refuses the form of %.20j',
    (keys) => {
      expect(refusalOf(keys)).toContain('kid:algorithm:key');
    },
  );
  it('has a kid of its own', () => {
    expect(refusalOf(`r1:RS256:${goodRsa},r1:ES256:${goodEc}`)).toContain('another kid');
    const secret = { JWT_KEYS: `k1:${'a'.repeat(32)}` };
    expect(refusalOf(`k1:RS256:${goodRsa}`, secret)).toContain('another kid');
  });
});

describe('what follows from other settings', () => {
  it('urls follow the port base, unless they are given', () => {
    const config = readConfig({ PORT_BASE: '20000', MYSQL_URL: 'mysql://else/where' });
    expect(config.arbiterUrl).toBe('redis://127.0.0.1:20001');
    expect(config.natsUrl).toBe('nats://127.0.0.1:20003');
    expect(config.mysqlUrl).toBe('mysql://else/where');
    expect(config.publicUrl).toBe('http://127.0.0.1:8080');
  });
  it('a process knows which instance it is, and its door', () => {
    const config = readConfig({ INSTANCE: 'rush-2', PORT_BASE: '20000' });
    expect(config.instance).toMatchObject({ name: 'rush-2', port: 20_012, httpPort: 20_042 });
    expect(config.door).toBe('rush');
    expect(readConfig({}).instance).toBeUndefined();
  });
  it('production has no sandbox', () => {
    expect(messageOf({ MODE: 'production', INSTANCE: 'sandbox-1' })).toContain('no instance');
    expect(instancesOf(1, 'production').some(({ row }) => row.sandboxOnly)).toBe(false);
  });
  it('cannot be changed afterwards', () => {
    expect(Object.isFrozen(readConfig({}))).toBe(true);
  });
});

describe('TLS at the edge', () => {
  const files = { EDGE_TLS_CERT: '/tls/a.crt', EDGE_TLS_KEY: '/tls/a.key' };
  const selfSigned = { EDGE_TLS: 'self-signed', RUN_DIR: '/run/hotseat' };
  it('is off by default, and the public url is then http', () => {
    expect(readConfig({})).toMatchObject({ edgeTls: 'off', edgeTlsCert: '', edgeTlsKey: '' });
  });
  it('makes the public url https, also of an IPv6 address', () => {
    const { publicUrl } = readConfig({ ...selfSigned, EDGE_HOST: '::1' });
    expect(publicUrl).toBe('https://[::1]:8080');
  });
  it('keeps a certificate of its own under the run directory', () => {
    expect(readConfig(selfSigned)).toMatchObject({
      edgeTlsCert: '/run/hotseat/tls/cert.pem',
      edgeTlsKey: '/run/hotseat/tls/key.pem',
    });
  });
  it('reads again what a running system was told', () => {
    const { edgeTlsCert, edgeTlsKey } = readConfig(selfSigned);
    const told = { ...selfSigned, EDGE_TLS_CERT: edgeTlsCert, EDGE_TLS_KEY: edgeTlsKey };
    expect(readConfig(told)).toEqual(readConfig(selfSigned));
  });
  it.each([
    [{ EDGE_TLS: 'on' }, 'EDGE_TLS: must be one of off, self-signed, files'],
    [{ ...selfSigned, MODE: 'production' }, 'EDGE_TLS: self-signed is for development'],
    [{ ...selfSigned, PUBLIC_URL: 'http://x' }, 'PUBLIC_URL: must be https:// with'],
    [{ EDGE_TLS: 'files', EDGE_TLS_KEY: '/a' }, 'EDGE_TLS_CERT: EDGE_TLS=files needs a path'],
    [{ EDGE_TLS: 'files', EDGE_TLS_CERT: '/a' }, 'EDGE_TLS_KEY: EDGE_TLS=files needs a path'],
    [files, 'EDGE_TLS_CERT: is for EDGE_TLS=files, and EDGE_TLS is off'],
    [{ ...files, ...selfSigned }, 'EDGE_TLS_CERT: is for EDGE_TLS=files'],
  ])('refuses %j in one line', (env, line) => {
    expect(messageOf(env as Record<string, string>)).toContain(line);
    expect(messageOf(env as Record<string, string>)).not.toContain('\n');
  });
  it('takes files in production mode', () => {
    const config = readConfig({ ...files, EDGE_TLS: 'files', MODE: 'production' });
    expect(config).toMatchObject({ edgeTlsCert: '/tls/a.crt', edgeTlsKey: '/tls/a.key' });
  });
});

describe('the lane of a process', () => {
  it('is the stable one, unless it is told otherwise or is a gray instance', () => {
    expect(readConfig({}).lane).toBe('stable');
    expect(readConfig({ INSTANCE: 'order-1' }).lane).toBe('stable');
    expect(readConfig({ INSTANCE: 'order-1', LANE: 'gray' }).lane).toBe('gray');
    expect(readConfig({ INSTANCE: 'order-gray', LANE: 'stable' }).lane).toBe('gray');
  });
  it('is never the gray one for a door; a gray instance has none', () => {
    expect(messageOf({ INSTANCE: 'rush-1', LANE: 'gray' })).toMatch(/LANE: rush-1 is a door/);
    const { instance, door } = readConfig({ INSTANCE: 'rush-gray' });
    expect([instance!.row.services, instance!.httpPort, door]).toEqual([
      ['seckill'],
      undefined,
      undefined,
    ]);
  });
  it('can be the gray one only for what the table gives a gray port', () => {
    expect(messageOf({ GRAY: 'order,live' })).toMatch(/GRAY: live has no gray instance .*order/);
    expect(grayRows(readConfig({ GRAY: 'order,rush' }))).toEqual(['order', 'rush']);
    expect(grayRows(readConfig({}))).toEqual([]);
  });
});

describe('the environment of a running system', () => {
  it('is what its supervisor wrote, and nothing when none runs', () => {
    const dir = mkdtempSync(join(tmpdir(), 'config-'));
    try {
      expect(environmentOf(dir)).toEqual({});
      writeFileSync(join(dir, 'env.json'), JSON.stringify({ PORT_BASE: '20000' }));
      expect(environmentOf(dir)).toEqual({ PORT_BASE: '20000' });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe('the table of processes', () => {
  const instances = instancesOf(20_000, 'sandbox', GRAY_ROWS);
  it('gives each instance and server, and the edge inside, ports of their own', () => {
    const ports = [
      EDGE_INSIDE_PORT + 20_000,
      ...instances.flatMap(({ port, httpPort }) => [port, httpPort]),
      ...SERVERS.flatMap(({ port, monitorPort }) =>
        [port, monitorPort].map((p) => p && p + 20_000),
      ),
    ].filter((port) => port !== undefined);
    expect(new Set(ports).size).toBe(ports.length);
  });
  it('stays well below 4 GB with every cap reached', () => {
    const heaps = instancesOf(20_000, 'sandbox').reduce((sum, { row }) => sum + row.heapMiB, 0);
    const servers = SERVERS.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0);
    // The rest is for what no cap covers: code, buffers, the edge.
    expect(heaps + servers).toBeLessThan(3_648);
  });
  it('runs two of everything that may be killed while a sale is on', () => {
    const twice = PROCESSES.filter(({ instances }) => instances === 2).map(({ name }) => name);
    expect(twice).toEqual(['rush', 'order', 'scheduler']);
  });
});
