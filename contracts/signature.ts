/**
 * How the payment provider and we prove to each other that a body is ours: the header
 * `t=<unix s>,v1=<hex hmac-sha256 of "t.body">`. Both ends live here, so that they cannot differ;
 * keys and the clock come in as arguments.
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';

/** The header of a signed body, in lower case. */
export const SIGNATURE_HEADER = 'x-signature';

const TOLERANCE_S = 300;
const FORM = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

const macOf = (t: number | string, body: string, key: KeyObject): Buffer =>
  createHmac('sha256', key).update(`${t}.${body}`).digest();

export function sign(body: string, key: KeyObject, nowMs: number): string {
  const t = Math.floor(nowMs / 1_000);
  return `t=${t},v1=${macOf(t, body, key).toString('hex')}`;
}

/** True when the header is at most 300 s from `nowMs` and fits the body under one of the keys. */
export function isSigned(
  body: string,
  header: string,
  keys: Iterable<KeyObject>,
  nowMs: number,
): boolean {
  const parts = FORM.exec(header);
  if (!parts) return false;
  const [, t, hex] = parts as unknown as [string, string, string];
  if (Math.abs(nowMs / 1_000 - Number(t)) > TOLERANCE_S) return false;
  const given = Buffer.from(hex, 'hex');
  return [...keys].some((key) => timingSafeEqual(macOf(t, body, key), given));
}
