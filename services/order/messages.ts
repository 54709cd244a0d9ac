/**
 * What a message must look like before an order believes it. A message that is wrong will be wrong
 * for ever: it is thrown as a validation error, so that the channel keeps it as a dead letter.
 */
import { Errors, Validators } from 'moleculer';
import type { DeadlineDue, ReservationMade, SeatMoved } from '../../contracts/channels.ts';
import { UID_PATTERN } from '../../contracts/claims.ts';
import { ORDER_ID_PATTERN, readOrderId } from '../../contracts/ids.ts';

export type Locked = Extract<SeatMoved, { type: 'locked' }>;

/** MySQL's INT UNSIGNED, and the last moment a DATETIME and a JavaScript date both know well. */
const FEN_MAX = 4_294_967_295;
const MS_MAX = 4_102_444_800_000;

const orderId = { type: 'string', pattern: ORDER_ID_PATTERN };
const sale = { type: 'string', min: 1, max: 64 };
const uid = { type: 'string', pattern: UID_PATTERN };
const moment = { type: 'number', integer: true, min: 0, max: MS_MAX };
const fen = { type: 'number', integer: true, min: 0, max: FEN_MAX };

const validator = new Validators.Fastest();
const isLocked = validator.compile({
  orderId,
  sale,
  uid,
  atMs: moment,
  deadlineMs: moment,
  amountFen: fen,
  seatsPerBuyerMax: { type: 'number', integer: true, min: 1, max: 255 },
  requestId: { type: 'string', max: 64 },
  request: {
    type: 'object',
    optional: true,
    props: {
      key: { type: 'string', min: 1, max: 255 },
      fingerprint: { type: 'string', min: 1, max: 32 },
    },
  },
  seats: {
    type: 'array',
    min: 1,
    max: 255,
    items: {
      type: 'object',
      props: {
        seat: { type: 'number', integer: true, min: 0, max: FEN_MAX },
        label: { type: 'string', max: 255 },
        tier: { type: 'string', max: 255 },
        priceFen: fen,
      },
    },
  },
});
const isReservation = validator.compile({ sale, uid, reservedAtMs: moment });
const isDue = validator.compile({ sale, orderId, deadlineMs: moment });

type Check = typeof isLocked;

function checked<Message extends object>(check: Check, message: Message): Message {
  const faults = check(message as Record<string, unknown>) as true | Record<string, unknown>[];
  if (faults !== true)
    throw new Errors.ValidationError('A message is malformed', 'VALIDATION_ERROR', faults);
  return message;
}

/** @throws ValidationError naming every fault */
export function readLocked(message: Locked): Locked {
  checked(isLocked, message);
  const seats = new Set(message.seats.map(({ seat }) => seat));
  if (seats.size !== message.seats.length || !belongs(message))
    throw new Errors.ValidationError('A lock contradicts itself', 'VALIDATION_ERROR', {
      orderId: message.orderId,
      sale: message.sale,
    });
  return message;
}

/** @throws ValidationError naming every fault */
export const readReservation = (message: ReservationMade): ReservationMade =>
  checked(isReservation, message);

/** @throws ValidationError naming every fault */
export const readDue = (message: DeadlineDue): DeadlineDue => checked(isDue, message);

/** Which lock a broken message is about, when that much can be read of it. */
export function lockNamedBy(message: unknown): { sale: string; orderId: string } | undefined {
  const { sale: named, orderId: id } = (message ?? {}) as { sale?: unknown; orderId?: unknown };
  if (typeof named !== 'string' || typeof id !== 'string') return undefined;
  return belongs({ sale: named, orderId: id }) ? { sale: named, orderId: id } : undefined;
}

const belongs = (lock: { sale: string; orderId: string }): boolean =>
  readOrderId(lock.orderId)?.sessionId === lock.sale;
