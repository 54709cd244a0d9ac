/**
 * What a bad provider does, ordered by a tester, for one payment or for all, until it was done
 * often enough or is cleared. Kept in a table, so that a restart changes nothing.
 *
 * | fault | what happens |
 * |---|---|
 * | `delay` | the event is told `ms` later; of one type only (`about`), it is overtaken by others |
 * | `repeat` | the event is told `copies` times at once |
 * | `lose` | the event is never told |
 * | `forge` | a forgery is told before the event; `how` names what is wrong with it |
 * | `refuse` | a call is answered `status`, and nothing was done |
 * | `hang` | a call is done, and answered `ms` later or never heard |
 */
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { PaymentEvent } from '../../contracts/actions.ts';
import { refuse } from '../../contracts/errors.ts';
import { sign } from '../../contracts/signature.ts';
import { type Statements, statements } from '../../mixins/statement.ts';

const HOUR_MS = 3_600_000;
/** Beyond what is accepted of any signature's age. */
const STALE_MS = 302_000;
/** Orders that may stand at once. */
const FAULTS_MAX = 100;

export const EVENT_TYPES = ['payment.started', 'payment.succeeded', 'payment.failed'] as const;
export const CALLS = ['create', 'query', 'close', 'refund'] as const;
export type CallName = (typeof CALLS)[number];

/** What each fault may be about. */
const FAULTS = {
  delay: EVENT_TYPES,
  repeat: EVENT_TYPES,
  lose: EVENT_TYPES,
  forge: EVENT_TYPES,
  refuse: CALLS,
  hang: CALLS,
} as const;
type FaultName = keyof typeof FAULTS;

/** A body with a header that must not be believed. */
type Forgery = (body: string, key: KeyObject, nowMs: number) => { body: string; header: string };
const stranger = createSecretKey(randomBytes(32));
export const FORGERIES = {
  signature: (body, key, nowMs) => ({ body, header: sign(`${body} `, key, nowMs) }),
  key: (body, _, nowMs) => ({ body, header: sign(body, stranger, nowMs) }),
  amount: (body, key, nowMs) => {
    const event = JSON.parse(body) as PaymentEvent;
    const altered = JSON.stringify({ ...event, amountFen: event.amountFen + 1 });
    return { body: altered, header: sign(body, key, nowMs) };
  },
  stale: (body, key, nowMs) => ({ body, header: sign(body, key, nowMs - STALE_MS) }),
} as const satisfies Record<string, Forgery>;
export type ForgeryName = keyof typeof FORGERIES;

export interface Fault {
  readonly faultId: number;
  readonly fault: FaultName;
  readonly paymentId: string | null;
  readonly about: string | null;
  readonly ms: number;
  readonly copies: number;
  readonly how: ForgeryName;
  readonly status: number;
  readonly chance: number;
  readonly timesLeft: number | null;
}

const OPTIONAL = { optional: true } as const;
const WHOLE = { type: 'number', integer: true } as const;
/** The body of an order for a fault. */
export const FAULT_PARAMS = {
  $$strict: true,
  fault: { type: 'enum', values: Object.keys(FAULTS) },
  paymentId: { type: 'string', min: 1, max: 64, ...OPTIONAL },
  about: { type: 'enum', values: [...EVENT_TYPES, ...CALLS], ...OPTIONAL },
  ms: { ...WHOLE, min: 0, max: HOUR_MS, default: 2_000 },
  copies: { ...WHOLE, min: 2, max: 20, default: 3 },
  how: { type: 'enum', values: Object.keys(FORGERIES), default: 'signature' },
  status: { type: 'enum', values: [404, 409, 429, 500, 503], default: 503 },
  chance: { type: 'number', min: 0, max: 1, default: 1 },
  times: { ...WHOLE, min: 1, max: 1_000_000, ...OPTIONAL },
} as const;

export type FaultOrder = Omit<Fault, 'faultId' | 'paymentId' | 'about' | 'timesLeft'> & {
  readonly paymentId?: string;
  readonly about?: string;
  readonly times?: number;
};

/** @throws VALIDATION_FAILED for a fault that is not about this, LIMIT_REACHED */
export async function orderFault(order: FaultOrder): Promise<Omit<Fault, 'faultId'>> {
  const { fault, paymentId = null, about = null, times: timesLeft = null } = order;
  const abouts: readonly string[] = FAULTS[fault];
  if (about !== null && !abouts.includes(about))
    return refuse('VALIDATION_FAILED', {
      errors: [{ pointer: '/about', code: 'enum', detail: `${fault}: ${abouts.join(', ')}` }],
    });
  const sql = statements();
  const standing = (await listFaults()).length;
  if (standing >= FAULTS_MAX) return refuse('LIMIT_REACHED', { limit: FAULTS_MAX, held: standing });
  const { ms, copies, how, status, chance } = order;
  const row = { fault, paymentId, about, ms, copies, how, status, chance, timesLeft };
  await sql.change(
    `INSERT INTO sandbox_faults
       (fault, paymentId, about, ms, copies, how, status, chance, timesLeft)
     VALUES (:fault, :paymentId, :about, :ms, :copies, :how, :status, :chance, :timesLeft)`,
    row,
  );
  return row;
}

export const listFaults = (): Promise<Fault[]> =>
  statements().rows<Fault>('SELECT * FROM sandbox_faults ORDER BY faultId');

export const clearFaults = (): Promise<number> => statements().change('DELETE FROM sandbox_faults');

/** The faults that hit an event or a call now; those with a number of times are counted down. */
export async function faultsFor(
  about: (typeof EVENT_TYPES)[number] | CallName,
  paymentId: string,
  sql: Statements = statements(),
): Promise<Fault[]> {
  const names = Object.keys(FAULTS).filter((name) =>
    (FAULTS[name as FaultName] as readonly string[]).includes(about),
  );
  const standing = await sql.rows<Fault>(
    `SELECT * FROM sandbox_faults
     WHERE fault IN (:names) AND (paymentId IS NULL OR paymentId = :paymentId)
       AND (about IS NULL OR about = :about) AND (timesLeft IS NULL OR timesLeft > 0)
     ORDER BY faultId`,
    { names, paymentId, about },
  );
  const hits: Fault[] = [];
  for (const fault of standing) {
    if (Math.random() >= fault.chance) continue;
    if (fault.timesLeft === null || (await countDown(sql, fault))) hits.push(fault);
  }
  return hits;
}

const countDown = async (sql: Statements, { faultId }: Fault): Promise<boolean> =>
  (await sql.change(
    `UPDATE sandbox_faults SET timesLeft = timesLeft - 1
     WHERE faultId = :faultId AND timesLeft > 0`,
    { faultId },
  )) > 0;

/** How an event is told, all the faults that hit it together. */
export interface Telling {
  readonly delayMs: number;
  /** 0: it is lost. */
  readonly copies: number;
  readonly forgery: ForgeryName | null;
}

export function tellingOf(hits: readonly Fault[]): Telling {
  const hit = (name: FaultName) => hits.findLast(({ fault }) => fault === name);
  return {
    delayMs: hit('delay')?.ms ?? 0,
    copies: hit('lose') ? 0 : (hit('repeat')?.copies ?? 1),
    forgery: hit('forge')?.how ?? null,
  };
}
