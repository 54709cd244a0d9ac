/**
 * Whom a token speaks for. The algorithm belongs to the key, never to the token; the key is looked
 * up by kid among the configured ones and nowhere else: what else a header offers (`jwk`, `x5u`, …)
 * is not looked at. openresty/lib/jwt.lua decides the same.
 */
import type { KeyObject } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import jwt from 'jsonwebtoken';
import type { Config } from '../../config/index.ts';
import { type Principal, ROLES, type Role, UID_PATTERN } from '../../contracts/claims.ts';
import { refuse } from '../../contracts/errors.ts';

interface TokenKey {
  readonly algorithm: 'HS256' | 'RS256' | 'ES256';
  readonly key: KeyObject;
}
export interface TokenRules {
  readonly keys: ReadonlyMap<string, TokenKey>;
  readonly issuer: string;
  readonly audience: string;
}

/** What a system asks of a token. */
export function tokenRulesOf(config: Config): TokenRules {
  const secrets = [...config.jwtKeys].map(
    ([kid, key]) => [kid, { algorithm: 'HS256', key }] as const,
  );
  return {
    keys: new Map<string, TokenKey>([...secrets, ...config.jwtPublicKeys]),
    issuer: config.jwtIssuer,
    audience: config.jwtAudience,
  };
}

const SKEW_S = 5;
/** A token is a few hundred bytes; one that is longer costs its sender, not us. */
const TOKEN_MAX = 4_096;
const BEARER = /^Bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/i;

const isRole = (role: unknown): role is Role => ROLES.includes(role as Role);

/**
 * The key a token names in its header; undefined when there is none, or when the header demands
 * that something be understood (`crit`): nothing of that kind is.
 */
function keyOf(token: string, keys: TokenRules['keys']): TokenKey | undefined {
  try {
    const header = JSON.parse(
      Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString(),
    );
    return 'crit' in header ? undefined : keys.get(header.kid);
  } catch {
    return undefined; // no JSON object: it names no key, and is refused for that
  }
}

/**
 * Verifies the bearer token of a request.
 * @throws UNAUTHENTICATED when there is none or anything about it is wrong: which of the two, and
 * what, is not told, because the answer would help only somebody who forges tokens.
 */
export function principalOf(
  headers: IncomingHttpHeaders,
  rules: TokenRules,
  nowMs: number,
): Principal {
  const token = BEARER.exec(headers.authorization ?? '')?.[1];
  if (token === undefined || token.length > TOKEN_MAX) return refuse('UNAUTHENTICATED');
  const key = keyOf(token, rules.keys);
  if (!key) return refuse('UNAUTHENTICATED');
  const { sub, role, exp } = verified(token, key, rules, nowMs);
  // jsonwebtoken accepts a token without `exp`: it would never end.
  if (typeof exp !== 'number' || !isRole(role)) return refuse('UNAUTHENTICATED');
  if (typeof sub !== 'string' || !UID_PATTERN.test(sub)) return refuse('UNAUTHENTICATED');
  return { uid: sub, role };
}

function verified(
  token: string,
  { algorithm, key }: TokenKey,
  { issuer, audience }: TokenRules,
  nowMs: number,
): jwt.JwtPayload {
  try {
    const claims = jwt.verify(token, key, {
      algorithms: [algorithm],
      issuer,
      audience,
      clockTimestamp: nowMs / 1_000,
      clockTolerance: SKEW_S,
    });
    return typeof claims === 'object' ? claims : {};
  } catch {
    return refuse('UNAUTHENTICATED'); // whatever it says against the token, the answer is the same
  }
}
