/**
 * Did this request come through the edge? The edge signs the moment, the method, the target, the
 * uid and the request id; nothing else that names a person or a request is believed.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Keyring } from '../../config/index.ts';
import { edgeAuthText } from '../../contracts/claims.ts';

/** What the edge says of a request it let through. */
export interface EdgeProof {
  readonly requestId: string;
  /** The uid whose token the edge has verified; empty when it did not look. */
  readonly uid: string;
}

const SKEW_MS = 60_000;
const PROOF_PATTERN = /^t=(\d{1,15}),v1=([0-9a-f]{64})$/;
const REQUEST_ID_PATTERN = /^[0-9a-f]{32}$/;

const headerOf = (req: IncomingMessage, name: string): string => {
  const value = req.headers[name];
  return typeof value === 'string' ? value : '';
};

/** An id for a request that brought none to be believed. */
export const newRequestId = (): string => randomBytes(16).toString('hex');

/** The id a request brought, whoever it is from: to be said back, and nothing else. */
export function requestIdOf(req: IncomingMessage): string {
  const requestId = headerOf(req, 'x-request-id');
  return REQUEST_ID_PATTERN.test(requestId) ? requestId : newRequestId();
}

/**
 * The proof a request carries, or undefined when it has none, an old one, or a forged one. All keys
 * of the ring are tried, so that the edge's key can be changed while requests are in flight.
 */
export function proofOf(req: IncomingMessage, keys: Keyring, nowMs: number): EdgeProof | undefined {
  const parts = PROOF_PATTERN.exec(headerOf(req, 'x-edge-auth'));
  const requestId = headerOf(req, 'x-request-id');
  if (!parts || !REQUEST_ID_PATTERN.test(requestId)) return undefined;
  const t = Number(parts[1]);
  if (Math.abs(nowMs - t) > SKEW_MS) return undefined;
  const uid = headerOf(req, 'x-edge-uid');
  const text = edgeAuthText(t, req.method ?? '', req.url ?? '', uid, requestId);
  const given = Buffer.from(parts[2]!, 'hex');
  for (const key of keys.values())
    if (timingSafeEqual(createHmac('sha256', key).update(text).digest(), given))
      return { requestId, uid };
  return undefined;
}
