/** Reading what the provider's webhook says: signed, well formed, complete; else a refusal. */
import type { KeyObject } from 'node:crypto';
import { Errors, Validators } from 'moleculer';
import type { PaymentEvent } from '../../contracts/actions.ts';
import { refuse } from '../../contracts/errors.ts';
import { isSigned } from '../../contracts/signature.ts';

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
/** What fits the tables and what a signed event of any provider we know uses. */
const ID = { type: 'string', min: 1, max: 64, pattern: /^[\x21-\x7e]+$/ };

const isEvent = new Validators.Fastest().compile({
  $$strict: true,
  eventId: { ...ID, max: 128 },
  type: { type: 'enum', values: ['payment.started', 'payment.succeeded', 'payment.failed'] },
  paymentId: ID,
  orderId: ID,
  amountFen: { type: 'number', integer: true, min: 0, max: 4_294_967_295 },
  occurredAt: { type: 'string', pattern: RFC3339 },
});

/**
 * The event of a raw body.
 * @param signature the header, undefined when there was none
 * @throws SIGNATURE_INVALID before anything of the body is looked at, BODY_MALFORMED,
 *   VALIDATION_FAILED with every fault
 */
export function readEvent(
  raw: string,
  signature: string | undefined,
  keys: Iterable<KeyObject>,
  nowMs: number,
): PaymentEvent {
  if (signature === undefined || !isSigned(raw, signature, keys, nowMs))
    return refuse('SIGNATURE_INVALID');
  const event = parse(raw);
  if (typeof event !== 'object' || event === null || Array.isArray(event))
    return invalid([{ type: 'notAnObject', field: '', message: 'not an object' }]);
  const faults = isEvent(event as Record<string, unknown>) as true | object[];
  return faults === true ? (event as PaymentEvent) : invalid(faults);
}

const invalid = (faults: readonly object[]): never => {
  throw new Errors.ValidationError('Parameters validation error!', 'VALIDATION_ERROR', [...faults]);
};

function parse(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return refuse('BODY_MALFORMED');
  }
}
