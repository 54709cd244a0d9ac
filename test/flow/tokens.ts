/** Tokens as an attacker, or a careless issuer, would make them. */
import { createHmac, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { Config } from '../../config/index.ts';

export interface TokenOver {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly secret?: string;
}

/** A token of the system's own issuer, except for what `over` says. */
export function tokenOf(config: Config, uid: string, over: TokenOver = {}): string {
  const [[kid, key]] = [...config.jwtKeys] as [[string, KeyObject]];
  const nowS = Math.floor(Date.now() / 1_000);
  const claims = {
    sub: uid,
    role: 'buyer',
    iss: config.jwtIssuer,
    aud: config.jwtAudience,
    exp: nowS + 600,
    ...over.claims,
  };
  // Undefined claims are left out, as JSON would.
  const payload = JSON.parse(JSON.stringify(claims));
  const secret = over.secret ?? key.export();
  return jwt.sign(payload, secret, {
    algorithm: 'HS256',
    noTimestamp: true,
    header: { alg: 'HS256', typ: 'JWT', kid, ...over.header } as jwt.JwtHeader,
  });
}

/** A token that asks to be believed without a signature. */
export function unsignedToken(config: Config, uid: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const [, payload] = tokenOf(config, uid).split('.') as [string, string, string];
  return `${part({ alg: 'none', typ: 'JWT' })}.${payload}.`;
}

/** The signature a payment provider puts on an event. */
export function eventSignature(secret: string, raw: string, atS: number): string {
  return `t=${atS},v1=${createHmac('sha256', secret).update(`${atS}.${raw}`).digest('hex')}`;
}
