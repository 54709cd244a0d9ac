/**
 * Tokens that edge and gateway must agree about: good ones, and ones wrong in one way each.
 * Both are asked about every row, so that neither lets in what the other would refuse.
 */
import { createHmac, createPublicKey, sign } from 'node:crypto';
import {
  ISSUERS,
  type Key,
  type Kid,
  type Making,
  mixed,
  nowS,
  pemOf,
  rsa,
  SIGN,
  secret,
  segment,
  spkiOf,
  tokenOf,
} from './tokens.ts';

/** A token of exactly so many characters. */
function tokenOfLength(length: number): string {
  for (let inHeader = 0; inHeader < 4; inHeader++)
    for (let pad = length / 2; pad < length; pad++) {
      const header = { pad: 'x'.repeat(inHeader) };
      const token = tokenOf({ header, claims: { pad: 'x'.repeat(pad) } });
      if (token.length === length) return token;
      if (token.length > length) break;
    }
  throw new Error(`no token has ${length} characters`);
}

/** A P-256 signature, as often as it takes until it is the one looked for. */
function signedUntil(kid: Kid, found: (r: Buffer, s: Buffer) => boolean): Making {
  const signed = (text: string) => {
    for (;;) {
      const bytes = SIGN.ES256(text, ISSUERS[kid].key);
      if (found(bytes.subarray(0, 32), bytes.subarray(32))) return bytes;
    }
  };
  return { kid, signed };
}

/** A number of which DER writes a byte less, and puts none in its place for the sign. */
const isShort = (number: Buffer) => number[0] === 0 && number[1]! < 128;

const ZERO = Buffer.alloc(32);
const ORDER = Buffer.from(
  'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  'hex',
);
const es = (change: (good: Buffer) => Buffer): Making => ({
  kid: 'es',
  signed: (text) => change(SIGN.ES256(text, ISSUERS.es.key)),
});
const rs = (change: (good: Buffer) => Buffer): Making => ({
  kid: 'rs',
  signed: (text) => change(SIGN.RS256(text, ISSUERS.rs.key)),
});
const turned = (good: Buffer): Buffer => Buffer.from(good.map((b, i) => (i === 20 ? b ^ 1 : b)));
/** Signed with a secret that is no secret: what somebody has who knows the public key. */
const confused = (kid: Kid, key: Key): Making => ({
  kid,
  header: { alg: 'HS256' },
  signed: (text) => SIGN.HS256(text, key),
});
const stranger = rsa();
const strangers = (header: Making['header']): Making => ({
  kid: 'rs',
  header: { jwk: createPublicKey(stranger).export({ format: 'jwk' }), ...header },
  signed: (text) => SIGN.RS256(text, stranger),
});

type Vector = readonly [name: string, make: () => string];
const made = (table: Readonly<Record<string, Making>>): Vector[] =>
  Object.entries(table).map(([name, making]) => [name, () => tokenOf(making)]);
const later = (table: Readonly<Record<string, () => string>>): Vector[] => Object.entries(table);

/** Each lets its uid in. */
export const GOOD: readonly Vector[] = [
  ...made({
    'of the first secret': {},
    'of another secret of the ring': { kid: 'old' },
    'of a secret as long as a block': { kid: 'block' },
    'of a secret longer than a block': { kid: 'long' },
    'signed RS256': { kid: 'rs' },
    'signed RS256 with another key': { kid: 'rs2' },
    'signed ES256': { kid: 'es' },
    'signed ES256 with another key': { kid: 'es2' },
    'signed ES256, whose r begins with a zero': signedUntil('es', isShort),
    'signed ES256, whose s begins with a zero': signedUntil('es', (_, s) => isShort(s)),
    'signed ES256, whose numbers begin with a one bit': signedUntil(
      'es',
      (r, s) => r[0]! > 127 && s[0]! > 127,
    ),
    'signed ES256, whose numbers begin with a zero bit': signedUntil(
      'es',
      (r, s) => r[0]! < 128 && s[0]! < 128,
    ),
    'whose audience is a list with ours in it': { claims: { aud: ['other', 'hotseat'] } },
    'whose uid has 64 characters': { claims: { sub: 'u'.repeat(64) } },
    'whose header offers a key, which is not looked at': { kid: 'es', header: { jwk: {} } },
  }),
  ...later({
    'that ended 3 s ago, within the leeway': () => tokenOf({ claims: { exp: nowS() - 3 } }),
    'that begins in 3 s, within the leeway': () => tokenOf({ claims: { nbf: nowS() + 3 } }),
    'that began long ago': () => tokenOf({ claims: { nbf: 1 } }),
    'of 4,096 characters': () => tokenOfLength(4_096),
  }),
];

const forged = made({
  'of a wrong secret': { signed: (text) => SIGN.HS256(text, secret()) },
  'of another secret than its kid names': {
    signed: (text) => SIGN.HS256(text, ISSUERS.old.key),
  },
  'of another RSA key than its kid names': {
    kid: 'rs',
    signed: (text) => SIGN.RS256(text, ISSUERS.rs2.key),
  },
  'of another EC key than its kid names': {
    kid: 'es',
    signed: (text) => SIGN.ES256(text, ISSUERS.es2.key),
  },
  'HS256 with an RSA key in PEM for its secret': confused('rs', pemOf('rs')),
  'HS256 with an RSA key in PEM, trimmed, for its secret': confused('rs', pemOf('rs').trim()),
  'HS256 with an RSA key in DER for its secret': confused('rs', spkiOf('rs')),
  'HS256 with an RSA key in base64 for its secret': confused('rs', spkiOf('rs').toString('base64')),
  'HS256 with an EC key in DER for its secret': confused('es', spkiOf('es')),
  'HS256 with a good secret under the kid of a public key': confused('rs', ISSUERS.test.key),
  'RS256 with an HMAC of the public key for its signature': {
    kid: 'rs',
    signed: (text) => SIGN.HS256(text, pemOf('rs')),
  },
  'RS256 under the kid of a secret': {
    header: { alg: 'RS256' },
    signed: (text) => SIGN.RS256(text, ISSUERS.rs.key),
  },
  'RS256 under the kid of an EC key': {
    kid: 'es',
    header: { alg: 'RS256' },
    signed: (text) => SIGN.RS256(text, ISSUERS.rs.key),
  },
  'ES256 under the kid of an RSA key': {
    kid: 'rs',
    header: { alg: 'ES256' },
    signed: (text) => SIGN.ES256(text, ISSUERS.es.key),
  },
  'RS256 with an ES256 signature under the kid of an EC key': {
    kid: 'es',
    header: { alg: 'RS256' },
  },
  'of a stranger, whose header brings the key': strangers({}),
  'of a stranger, whose header brings the key and no kid': strangers({ kid: undefined }),
  'of a stranger, whose header says where the key is': strangers({
    jku: 'http://127.0.0.1:1/jwks.json',
    x5u: 'http://127.0.0.1:1/cert.pem',
  }),
  'RS256 with a signature of PSS': {
    kid: 'rs',
    signed: (text) => sign('sha256', Buffer.from(text), { key: ISSUERS.rs.key, padding: 6 }),
  },
  'RS256 over SHA-512': {
    kid: 'rs',
    signed: (text) => sign('sha512', Buffer.from(text), ISSUERS.rs.key),
  },
  'RS256 with a bit turned': rs(turned),
  'RS256 with a byte less': rs((good) => good.subarray(1)),
  'RS256 with a zero more': rs((good) => Buffer.concat([ZERO.subarray(31), good])),
  'RS256 with nothing but zeros': rs((good) => Buffer.alloc(good.length)),
  'ES256 with a bit turned': es(turned),
  'ES256 with its signature in DER': {
    kid: 'es',
    signed: (text) => sign('sha256', Buffer.from(text), ISSUERS.es.key),
  },
  'ES256 with a byte less': es((good) => good.subarray(0, 63)),
  'ES256 with a byte more': es((good) => Buffer.concat([good, ZERO.subarray(31)])),
  'ES256 with a zero before s': es((good) =>
    Buffer.concat([good.subarray(0, 32), ZERO.subarray(31), good.subarray(32)]),
  ),
  'ES256 without the zero that s begins with': {
    kid: 'es',
    signed: (text) => {
      const good = signedUntil('es', (_, s) => isShort(s)).signed!(text);
      return Buffer.concat([good.subarray(0, 32), good.subarray(33)]);
    },
  },
  'ES256 with half a signature': es((good) => good.subarray(0, 32)),
  'ES256 with one byte': es(() => ZERO.subarray(31)),
  'ES256 with r zero': es((good) => Buffer.concat([ZERO, good.subarray(32)])),
  'ES256 with s zero': es((good) => Buffer.concat([good.subarray(0, 32), ZERO])),
  'ES256 with both zero': es(() => Buffer.concat([ZERO, ZERO])),
  'ES256 with both the order of the curve': es(() => Buffer.concat([ORDER, ORDER])),
  'ES256 with nothing but ones': es((good) => Buffer.alloc(good.length, 255)),
});

const headers = made({
  'with algorithm none and no signature': {
    header: { alg: 'none' },
    signed: () => ZERO.subarray(32),
  },
  'with algorithm none and a signature': { header: { alg: 'none' } },
  'with algorithm None and no signature': {
    header: { alg: 'None' },
    signed: () => ZERO.subarray(32),
  },
  'with algorithm none under the kid of an RSA key': { kid: 'rs', header: { alg: 'none' } },
  'that names HS512': {
    header: { alg: 'HS512' },
    signed: (text) => createHmac('sha512', ISSUERS.test.key).update(text).digest(),
  },
  'that names RS512': {
    kid: 'rs',
    header: { alg: 'RS512' },
    signed: (text) => sign('sha512', Buffer.from(text), ISSUERS.rs.key),
  },
  'that names PS256': {
    kid: 'rs',
    header: { alg: 'PS256' },
    signed: (text) =>
      sign('sha256', Buffer.from(text), { key: ISSUERS.rs.key, padding: 6, saltLength: 32 }),
  },
  'that names its algorithm in small letters': { kid: 'rs', header: { alg: 'rs256' } },
  'that names a list of algorithms': { kid: 'rs', header: { alg: ['RS256'] } },
  'without an algorithm': { header: { alg: undefined } },
  'without a kid': { header: { kid: undefined } },
  'with an unknown kid': { header: { kid: 'other' } },
  'with an empty kid': { header: { kid: '' } },
  'with a kid that is a path': { header: { kid: '../../dev/null' } },
  'with a kid that every object has': { header: { kid: 'constructor' } },
  'with a kid that is no text': { header: { kid: { a: 1 } } },
  'with a list of kids': { header: { kid: ['test'] } },
  'with critical extensions': { header: { crit: ['b64'], b64: true } },
  'with critical extensions, signed RS256': { kid: 'rs', header: { crit: ['exp'] } },
  'with an empty list of critical extensions': { header: { crit: [] } },
  'with null for critical extensions': { header: { crit: null } },
});

const claims = [
  ...made({
    'of another issuer': { claims: { iss: 'somebody' } },
    'without an issuer': { claims: { iss: undefined } },
    'with a list of issuers': { claims: { iss: ['hotseat-dev'] } },
    'for another audience': { claims: { aud: 'somebody' } },
    'for other audiences': { claims: { aud: ['somebody', 'nobody'] } },
    'for no audience of a list': { claims: { aud: [] } },
    'without an audience': { claims: { aud: undefined } },
    'whose audience is an object': { claims: { aud: { a: 'hotseat' } } },
    'without an end': { claims: { exp: undefined } },
    'without an end, signed RS256': { kid: 'rs', claims: { exp: undefined } },
    'whose end is null': { claims: { exp: null } },
    'whose end is text': { claims: { exp: '9999999999' } },
    'whose beginning is text': { claims: { nbf: '1' } },
    'whose beginning is null': { claims: { nbf: null } },
    'without a subject': { claims: { sub: undefined } },
    'whose subject is a number': { claims: { sub: 7 } },
    'whose subject is empty': { claims: { sub: '' } },
    'whose subject has a bar': { claims: { sub: 'u1|x' } },
    'whose subject has a space': { claims: { sub: 'a b' } },
    'whose subject has a line break': { claims: { sub: 'u1\nx' } },
    'whose subject ends with a line break': { claims: { sub: 'u1\n' } },
    'whose subject has 65 characters': { claims: { sub: 'u'.repeat(65) } },
  }),
  ...later({
    'that ended 6 s ago': () => tokenOf({ claims: { exp: nowS() - 6 } }),
    'that ended 6 s ago, signed ES256': () => tokenOf({ kid: 'es', claims: { exp: nowS() - 6 } }),
    'that begins in 8 s': () => tokenOf({ claims: { nbf: nowS() + 8 } }),
    'that begins in 8 s, signed RS256': () => tokenOf({ kid: 'rs', claims: { nbf: nowS() + 8 } }),
  }),
];

const other = { claims: { sub: 'u2' } };
const forms = later({
  'of 4,097 characters': () => tokenOfLength(4_097),
  'with another payload under its HMAC': () => mixed(tokenOf(), tokenOf(other), tokenOf()),
  'with another payload under its RSA signature': () => {
    const good = tokenOf({ kid: 'rs' });
    return mixed(good, tokenOf({ kid: 'rs', ...other }), good);
  },
  'with another payload under its EC signature': () => {
    const good = tokenOf({ kid: 'es' });
    return mixed(good, tokenOf({ kid: 'es', ...other }), good);
  },
  'with another header over its signature': () =>
    mixed(tokenOf({ header: { typ: 'at+jwt' } }), tokenOf(), tokenOf()),
  'whose payload is no object': () => {
    const text = `${tokenOf().split('.')[0]}.${segment('u1')}`;
    return `${text}.${SIGN.HS256(text, ISSUERS.test.key).toString('base64url')}`;
  },
  'whose payload is no JSON': () => {
    const text = `${tokenOf().split('.')[0]}.AAAA`;
    return `${text}.${SIGN.HS256(text, ISSUERS.test.key).toString('base64url')}`;
  },
  'whose header is no object': () =>
    `${segment('test')}.${tokenOf().split('.').slice(1).join('.')}`,
  'whose header is null': () => `${segment(null)}.${tokenOf().split('.').slice(1).join('.')}`,
  'cut short': () => tokenOf().slice(0, -4),
  'with a character that base64url has not': () => `${tokenOf({ kid: 'rs' }).slice(0, -1)}+`,
  'with padding': () => `${tokenOf()}=`,
  'of two parts': () => tokenOf().split('.').slice(0, 2).join('.'),
  'of four parts': () => `${tokenOf()}.x`,
  'that is garbage': () => 'garbage',
  'that is nothing': () => '',
});

/** Each is refused with the same word. */
export const BAD: readonly Vector[] = [...forged, ...headers, ...claims, ...forms];
