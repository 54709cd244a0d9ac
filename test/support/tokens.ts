/** Issuers of every algorithm, and tokens as they, or whoever plays them, would make. */
import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { SETTINGS } from '../../config/schema.ts';

export const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
const ec = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
export const secret = () => randomBytes(32).toString('base64url');

type Algorithm = 'HS256' | 'RS256' | 'ES256';
export type Key = string | Buffer | KeyObject;

/** What each kid is pinned to, and what its issuer signs with. */
export const ISSUERS = {
  test: { alg: 'HS256', key: secret() },
  old: { alg: 'HS256', key: secret() },
  // HMAC hashes a key that is longer than a block of its hash, which is 64 bytes.
  long: { alg: 'HS256', key: 'k'.repeat(30) + secret().repeat(2) },
  block: { alg: 'HS256', key: secret() + secret().slice(0, 21) },
  rs: { alg: 'RS256', key: rsa() },
  rs2: { alg: 'RS256', key: rsa() },
  es: { alg: 'ES256', key: ec() },
  es2: { alg: 'ES256', key: ec() },
} as const satisfies Record<string, { alg: Algorithm; key: Key }>;
export type Kid = keyof typeof ISSUERS;

const publicOf = (kid: Kid) => createPublicKey(ISSUERS[kid].key as KeyObject);
export const spkiOf = (kid: Kid) => publicOf(kid).export({ type: 'spki', format: 'der' });
export const pemOf = (kid: Kid) => publicOf(kid).export({ type: 'spki', format: 'pem' }).toString();

const rows = (secrets: boolean) =>
  (Object.keys(ISSUERS) as Kid[]).filter((kid) => (ISSUERS[kid].alg === 'HS256') === secrets);

/** The settings under which these issuers are known. */
export const TOKEN_ENV: Readonly<Record<string, string>> = {
  JWT_KEYS: rows(true)
    .map((kid) => `${kid}:${ISSUERS[kid].key}`)
    .join(','),
  JWT_PUBLIC_KEYS: rows(false)
    .map((kid) => `${kid}:${ISSUERS[kid].alg}:${spkiOf(kid).toString('base64')}`)
    .join(','),
};

/** How a signature is made; the key decides nothing, as with an issuer who is careless or bad. */
export const SIGN: Readonly<Record<Algorithm, (text: string, key: Key) => Buffer>> = {
  HS256: (text, key) => createHmac('sha256', key).update(text).digest(),
  RS256: (text, key) => sign('sha256', Buffer.from(text), key as KeyObject),
  ES256: (text, key) =>
    sign('sha256', Buffer.from(text), { key: key as KeyObject, dsaEncoding: 'ieee-p1363' }),
};

export interface Making {
  readonly kid?: Kid;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Instead of the signature that the issuer of the kid would make. */
  readonly signed?: (text: string) => Buffer;
}

export const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
export const nowS = (): number => Math.floor(Date.now() / 1_000);

/** A token of the first issuer for the buyer u1, except for what is said. */
export function tokenOf({ kid = 'test', claims, header, signed }: Making = {}): string {
  const { alg, key } = ISSUERS[kid];
  const body = {
    sub: 'u1',
    role: 'buyer',
    iss: SETTINGS.jwtIssuer.default,
    aud: SETTINGS.jwtAudience.default,
    exp: nowS() + 600,
    ...claims,
  };
  const text = `${segment({ alg, typ: 'JWT', kid, ...header })}.${segment(body)}`;
  return `${text}.${(signed ?? ((t) => SIGN[alg](t, key)))(text).toString('base64url')}`;
}

/** The uid a token claims. */
export const uidIn = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).sub;

/** A token with the parts of others: `[header, payload, signature]`. */
export const mixed = (header: string, payload: string, signature: string): string =>
  [header, payload, signature].map((token, part) => token.split('.')[part]).join('.');
