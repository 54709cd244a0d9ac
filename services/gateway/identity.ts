/**
 * Whom a token speaks for. The algorithm is pinned here, never taken from the token; the key is
 * looked up by kid in the configured ring and nowhere else.
 */
import type { IncomingHttpHeaders } from 'node:http';
import jwt from 'jsonwebtoken';
import type { Keyring } from '../../config/index.ts';
import { type Principal, ROLES, type Role, UID_PATTERN } from '../../contracts/claims.ts';
import { refuse } from '../../contracts/errors.ts';

export interface TokenRules {
  readonly keys: Keyring;
  readonly issuer: string;
  readonly audience: string;
}

const SKEW_S = 5;
/** A token is a few hundred bytes; one that is longer costs its sender, not us. */
const TOKEN_MAX = 4_096;
const BEARER = /^Bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/i;

const isRole = (role: unknown): role is Role => ROLES.includes(role as Role);

/** The kid a token names in its header; undefined when the header is no JSON object. */
function kidOf(token: string): string | undefined {
  try {
    const header = JSON.parse(
      Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString(),
    );
    return typeof header?.kid === 'string' ? header.kid : undefined;
  } catch {
    return undefined; // not JSON: it names no key, and is refused for that
  }
}

/**
 * Verifies the bearer token of a request.
 * @throws UNAUTHENTICATED when there is none or anything about it is wrong: which of the two, and
 * what, is not told, because the answer would help only somebody who forges tokens.
 */
export function principalOf(headers: IncomingHttpHeaders, rules: TokenRules): Principal {
  const token = BEARER.exec(headers.authorization ?? '')?.[1];
  if (token === undefined || token.length > TOKEN_MAX) return refuse('UNAUTHENTICATED');
  const key = rules.keys.get(kidOf(token) ?? '');
  if (!key) return refuse('UNAUTHENTICATED');
  const { sub, role, exp } = verified(token, key, rules);
  // jsonwebtoken accepts a token without `exp`: it would never end.
  if (typeof exp !== 'number' || !isRole(role)) return refuse('UNAUTHENTICATED');
  if (typeof sub !== 'string' || !UID_PATTERN.test(sub)) return refuse('UNAUTHENTICATED');
  return { uid: sub, role };
}

function verified(
  token: string,
  key: Parameters<typeof jwt.verify>[1],
  { issuer, audience }: TokenRules,
): jwt.JwtPayload {
  try {
    const claims = jwt.verify(token, key, {
      algorithms: ['HS256'],
      issuer,
      audience,
      clockTolerance: SKEW_S,
    });
    return typeof claims === 'object' ? claims : {};
  } catch {
    return refuse('UNAUTHENTICATED'); // whatever it says against the token, the answer is the same
  }
}
