/**
 * The kinds of ids the project mints. All sort by time; the clock and the randomness come in
 * as arguments, so that a seeded simulation can own them.
 *
 * - catalogue ids: 9 characters of time, 7 random (35 bits)
 * - `orderId`: `<sessionId>-<9 of time><16 random, 80 bits>-<8 of HMAC(uid)>`: any service reads
 *   its sale and the moment it was minted, and checks whose it is, without a look-up
 * - `blockId`: `<sessionId>-block-<id>`, in the place of an orderId where the house has a seat
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford's base32: no i, l, o, u
const TIME_LENGTH = 9;

export type Random = (bytes: number) => Buffer;

export const ID_PATTERN = /^[0-9a-hjkmnp-tv-z]{16}$/;
export const ORDER_ID_PATTERN = /^([0-9a-hjkmnp-tv-z]{16})-([0-9a-hjkmnp-tv-z]{25})-([0-9a-f]{8})$/;

const encodeTime = (ms: number): string => {
  let text = '';
  for (let rest = ms; text.length < TIME_LENGTH; rest = Math.floor(rest / 32))
    text = ALPHABET[rest % 32] + text;
  return text;
};
const decodeTime = (text: string): number =>
  [...text].reduce((ms, char) => ms * 32 + ALPHABET.indexOf(char), 0);
const encodeRandom = (bytes: Buffer): string => [...bytes].map((b) => ALPHABET[b % 32]).join('');

/** A new id of a catalogue row, payment, or event. */
export const newId = (nowMs: number, random: Random): string =>
  encodeTime(nowMs) + encodeRandom(random(7));

const ownerMark = (minted: string, uid: string, key: KeyObject): string =>
  createHmac('sha256', key).update(`${minted}|${uid}`).digest('hex').slice(0, 8);

export function newOrderId(
  sessionId: string,
  uid: string,
  key: KeyObject,
  nowMs: number,
  random: Random,
): string {
  const minted = `${sessionId}-${encodeTime(nowMs)}${encodeRandom(random(16))}`;
  return `${minted}-${ownerMark(minted, uid, key)}`;
}

/** What an orderId says by itself, or undefined when it is not one. */
export function readOrderId(
  orderId: string,
): { sessionId: string; mintedAtMs: number } | undefined {
  const parts = ORDER_ID_PATTERN.exec(orderId);
  if (!parts) return undefined;
  return { sessionId: parts[1]!, mintedAtMs: decodeTime(parts[2]!.slice(0, TIME_LENGTH)) };
}

/** True when the orderId was minted for this uid by a holder of the key. */
export function isOwnerOf(orderId: string, uid: string, key: KeyObject): boolean {
  const cut = orderId.lastIndexOf('-');
  if (!ORDER_ID_PATTERN.test(orderId)) return false;
  const expected = ownerMark(orderId.slice(0, cut), uid, key);
  return timingSafeEqual(Buffer.from(orderId.slice(cut + 1)), Buffer.from(expected));
}

const BLOCK_ID_PATTERN = /^([0-9a-hjkmnp-tv-z]{16})-block-([0-9a-hjkmnp-tv-z]{16})$/;

/** The id of a seat that the house keeps back. */
export const newBlockId = (sessionId: string, nowMs: number, random: Random): string =>
  `${sessionId}-block-${newId(nowMs, random)}`;

/** What a blockId says by itself, or undefined when it is not one. */
export function readBlockId(
  blockId: string,
): { sessionId: string; id: string; mintedAtMs: number } | undefined {
  const [, sessionId, id] = BLOCK_ID_PATTERN.exec(blockId) ?? [];
  if (sessionId === undefined || id === undefined) return undefined;
  return { sessionId, id, mintedAtMs: decodeTime(id.slice(0, TIME_LENGTH)) };
}
