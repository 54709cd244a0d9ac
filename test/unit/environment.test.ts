/** What a system about to start is told: which secrets it needs, and that nothing given is lost. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { omit } from 'lodash';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environmentFor } from '../../bin/supervisor/environment.ts';
import { processPrograms } from '../../bin/supervisor/instances.ts';
import { readConfig } from '../../config/index.ts';
import { natsOptions } from '../../mixins/nats.ts';

let runDir: string;
beforeAll(() => {
  runDir = mkdtempSync(join(tmpdir(), 'environment-'));
});
afterAll(() => rmSync(runDir, { recursive: true }));

const secret = `k1:${'a'.repeat(32)}`;
const rings = ['PERMIT_KEYS', 'EDGE_KEYS', 'ORDER_ID_KEYS', 'WEBHOOK_KEYS'];
const production = { MODE: 'production', ...Object.fromEntries(rings.map((env) => [env, secret])) };
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

describe('in production', () => {
  it('every secret is demanded', () => {
    expect(() => environmentFor(runDir, production)).toThrow(/secrets: set JWT_KEYS \(/);
    const given = { ...production, JWT_KEYS: secret };
    expect(() => environmentFor(runDir, omit(given, 'EDGE_KEYS'))).toThrow(/set EDGE_KEYS \(/);
  });
  it('tokens may all be signed by others, and then need no secret of ours', () => {
    const given = { ...production, JWT_PUBLIC_KEYS: `e1:ES256:${spki}` };
    const { config, variables } = environmentFor(runDir, given);
    expect(config.jwtKeys.size).toBe(0);
    expect(config.jwtPublicKeys.get('e1')!.algorithm).toBe('ES256');
    expect(() => environmentFor(runDir, omit(given, 'EDGE_KEYS'))).toThrow(/set EDGE_KEYS \(/);
    expect(readConfig(variables).jwtKeys.size).toBe(0);
  });
});

it('what a process is told reads as what the supervisor read', () => {
  const { config, variables } = environmentFor(runDir, { JWT_PUBLIC_KEYS: `e1:ES256:${spki}` });
  const told = readConfig(variables);
  expect([...told.jwtPublicKeys.keys()]).toEqual(['e1']);
  expect(told.jwtPublicKeys.get('e1')!.key.equals(publicKey)).toBe(true);
  expect([...told.jwtKeys.keys()]).toEqual([...config.jwtKeys.keys()]);
  expect(told.edgePort).toBe(config.edgePort);
});
it('without public keys there are none', () => {
  const { variables } = environmentFor(runDir, {});
  expect(readConfig(variables).jwtPublicKeys.size).toBe(0);
});

describe('a NATS of our own', () => {
  it('lets in who was told how, and the config centre alone as its writer', () => {
    const { config, variables, users } = environmentFor(runDir, {});
    const { node, 'config-center': centre } = users!.passwords;
    expect(new URL(variables.NATS_URL!)).toMatchObject({ username: 'node', password: node });
    expect(JSON.stringify(variables)).not.toContain(centre);
    const told = processPrograms(config, users).filter(({ env }) => env?.NATS_URL);
    expect(told.map(({ name }) => name)).toEqual(['config-center-1']);
    expect(new URL(told[0]!.env!.NATS_URL!)).toMatchObject({
      username: 'config-center',
      password: centre,
      host: new URL(config.natsUrl).host,
    });
  });
  it('has no users when it is somebody else’s: its url is told as it was given', () => {
    for (const url of ['nats://127.0.0.1:4222', 'nats://ann:p%40ss@nats.example:4222']) {
      const { config, variables, users } = environmentFor(runDir, { NATS_URL: url });
      expect([variables.NATS_URL, users]).toEqual([url, undefined]);
      expect(processPrograms(config, users).some(({ env }) => env?.NATS_URL)).toBe(false);
    }
    expect(natsOptions('nats://ann:p%40ss@nats.example')).toMatchObject({
      servers: 'nats.example:4222',
      user: 'ann',
      pass: 'p@ss',
    });
  });
});
