/** What is asked of the scripts, made into their arguments. Pure. */
import { hash } from 'node:crypto';
import type { KeyedRequest } from '../contracts/channels.ts';
import { type Fault, refuse } from '../contracts/errors.ts';
import type { Lane } from '../contracts/lane.ts';
import type { LayoutColumns } from '../contracts/layout.ts';
import type { SaleSwitch, SaleTerms } from '../contracts/sale.ts';
import type { LockRequest } from './arbiter.ts';
import type { Value } from './loader.ts';
import { packPlan } from './plan.ts';

type Args = Record<string, Value | Value[]>;

/** A lock of more seats than this is over every limit: the script need not read them. */
const SEATS_MAX = 6;
/** No layout has a seat with a greater number (lua/plan.ts). */
const OFFSETS = 10 ** 7;

/** True for a number that may be a seat's. */
export const isOffset = (seat: number) => Number.isInteger(seat) && seat >= 0 && seat < OFFSETS;

/** The Bloom filter lets one uid in a hundred pass that never reserved: bits per uid, hashes. */
const BLOOM_BITS_PER_UID = 9.585_1;
const BLOOM_HASHES = 7;
/** How many reservations are expected: so many per seat, never fewer than the floor. */
const UIDS_PER_SEAT = 20;
const UIDS_FLOOR = 100_000;

/** What a script may put between quotes as it is. */
const PLAIN = /^[\w.:-]{0,128}$/;

/** The value, if it needs no escaping anywhere. @throws Error: who let it come here has a bug */
export function plain(name: string, value: string): string {
  if (!PLAIN.test(value)) throw new Error(`the arbiter is given a strange ${name}`);
  return value;
}

export function openArgs(
  layout: LayoutColumns,
  pricesFen: Readonly<Record<string, number>>,
  terms: SaleTerms,
  to: SaleSwitch,
): Args {
  const plan = packPlan(layout, pricesFen);
  const uids = Math.max(UIDS_FLOOR, plan.seatCount * UIDS_PER_SEAT);
  const { opensAtMs, closesAtMs, seatsPerBuyerMax, lockMs } = terms;
  // What a lock reads stands first and in one text: Redis walks over a small hash.
  const meta = {
    gate: [to, opensAtMs, closesAtMs, seatsPerBuyerMax, lockMs, plan.planWidth].join(' '),
    version: 0,
    state: to,
    ...Object.fromEntries(plan.left.map((left, tier) => [`left:${tier}`, left])),
    tiers: plan.left.length,
    ...terms,
    reservationRequired: terms.reservationRequired ? 1 : 0,
    seatCount: plan.seatCount,
    layoutVersion: layout.layoutVersion,
    bloomBits: Math.ceil((uids * BLOOM_BITS_PER_UID) / 8) * 8,
    bloomHashes: BLOOM_HASHES,
  };
  return {
    seats: plan.seats,
    plan: plan.plan,
    segments: plan.segments,
    runs: plan.runs,
    tiers: JSON.stringify(plan.tiers),
    meta: JSON.stringify(Object.entries(meta).flat().map(String)),
  };
}

/**
 * The bits of a uid in the filter are `(hash1 + i * hash2) mod bits`, i from 0: the two are the
 * first eight bytes of its MD5, big-endian (Kirsch and Mitzenmacher's double hashing).
 */
export function hashesOf(uid: string): { hash1: number; hash2: number } {
  const digest = hash('md5', uid, 'buffer');
  return { hash1: digest.readUInt32BE(0), hash2: digest.readUInt32BE(4) };
}

export const reserveArgs = (uid: string, from: Origin = {}): Args => ({
  uid: plain('uid', uid),
  ...hashesOf(uid),
  headers: headersOf(from),
});

/** Which script a lock is, and everything it is told but the run id and the clock. */
export function lockCall(request: LockRequest): { script: 'lock' | 'best'; args: Args } {
  const { seats, best, uid, orderId, requestId, idempotencyKey, lane } = request;
  const error = faultOf(request);
  if (error) refuse('VALIDATION_FAILED', { errors: [error] });
  const asked = best ? [best.count, best.tier, best.section ?? null] : seats;
  const fingerprint = hash('sha1', JSON.stringify(asked), 'base64url');
  const keyed = idempotencyKey === undefined ? undefined : { key: idempotencyKey, fingerprint };
  const common = {
    uid: plain('uid', uid),
    orderId: plain('orderId', orderId),
    origin: originOf(plain('requestId', requestId), keyed),
    headers: headersOf({ requestId, lane }),
    ...answerArgs(uid, keyed),
  };
  if (best) {
    const { count, tier, section = '' } = best;
    return { script: 'best', args: { ...common, count, tier, section } };
  }
  const strange = seats!.filter((seat) => !isOffset(seat));
  if (strange.length > 0) refuse('SEAT_UNKNOWN', { seats: strange.slice(0, SEATS_MAX) });
  const read = seats!.slice(0, SEATS_MAX).sort((a, b) => a - b);
  return { script: 'lock', args: { ...common, count: seats!.length, seats: read } };
}

function faultOf({ seats, best }: LockRequest): Fault | undefined {
  if ((seats === undefined) === (best === undefined))
    return { pointer: '', code: 'ONE_OF', detail: 'exactly one of seats and best is needed' };
  if (seats?.length === 0) return { pointer: '/seats', code: 'EMPTY', detail: 'no seat is named' };
  if (best && !(Number.isSafeInteger(best.count) && best.count > 0))
    return { pointer: '/best/count', code: 'RANGE', detail: 'must be a whole number from 1' };
  if (best?.section === '')
    return {
      pointer: '/best/section',
      code: 'UNKNOWN',
      detail: 'this session has no such section',
    };
  return undefined;
}

/** Where the arbiter keeps the answer of a request, and what it must be repeated with. */
export const answerArgs = (uid: string, request: KeyedRequest | undefined) =>
  request
    ? { request: `${uid}\n${request.key}`, fingerprint: request.fingerprint }
    : { request: '', fingerprint: '' };

/** Which request a lock comes from: fields of its message, written here and not by the script. */
const originOf = (requestId: string, request: KeyedRequest | undefined) =>
  JSON.stringify({ requestId, request }).slice(1, -1);

/** The request that a message comes from. */
export interface Origin {
  readonly requestId?: string;
  readonly lane?: Lane;
}

/** What the handler of the message gets as its context. */
const headersOf = ({ requestId = '', lane }: Origin) =>
  JSON.stringify({
    $requestID: requestId,
    $level: '1',
    $tracing: 'false',
    $meta: Buffer.from(JSON.stringify({ requestId, lane })).toString('base64'),
  });
