/**
 * What a token and a permit say. Who signs and who checks them lives with the signer and checker.
 */

export type Role = 'buyer' | 'organiser' | 'operator';
export const ROLES = ['buyer', 'organiser', 'operator'] as const satisfies Role[];

/** The claims of a JWT. `sub` is the uid; `exp` is required, or the token is refused. */
export interface TokenClaims {
  readonly sub: string;
  readonly role: Role;
  readonly iss: string;
  readonly aud: string;
  readonly exp: number;
  readonly nbf?: number;
}

/** Whom a request speaks for, as every service sees it in `ctx.meta.user`. */
export interface Principal {
  readonly uid: string;
  readonly role: Role;
}

/** A uid is chosen by an issuer outside: this is all the project accepts of it. */
export const UID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

/** What a permit says: this uid may try for seats of this session between the two moments. */
export interface PermitClaims {
  readonly uid: string;
  readonly sessionId: string;
  readonly notBeforeMs: number;
  readonly expiresAtMs: number;
}

/**
 * The wire form of a permit is `kid.notBeforeMs.expiresAtMs.mac`: numbers in decimal, `mac` the
 * base64url HMAC-SHA256 of {@link permitText} under the key named `kid`.
 */
export const permitText = (kid: string, permit: PermitClaims): string =>
  [kid, permit.uid, permit.sessionId, permit.notBeforeMs, permit.expiresAtMs].join('|');

/**
 * What the edge signs for the gateway, header `X-Edge-Auth: t=<unix ms>,v1=<hex hmac-sha256>`.
 * `target` is the request target as the gateway receives it, query string included; `uid` is empty
 * for a request without a token.
 */
export const edgeAuthText = (
  t: number,
  method: string,
  target: string,
  uid: string,
  requestId: string,
): string => [t, method, target, uid, requestId].join('\n');
