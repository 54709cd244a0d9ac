/**
 * What a sale needs of its session when the arbiter has lost it, or come back a moment older: the
 * sale opened again, and its switch as its organiser last ordered.
 */
import { Op } from 'sequelize';
import { type Caller, call } from '../../contracts/actions.ts';
import { refuse, wordOf } from '../../contracts/errors.ts';
import type { SaleState } from '../../contracts/sale.ts';
import { inTransaction } from '../../mixins/database.ts';
import { modelOf } from '../../mixins/table.ts';
import { open } from './publish.ts';
import { SESSIONS, type SessionRow } from './session.model.ts';

/** Who holds a seat is of interest until the show is over, and its sale for as long as a replay. */
const KEPT_MS = 24 * 60 * 60 * 1_000;

const published = { stage: 'PUBLISHED' as const };

/** Sessions whose sale must be in the arbiter. */
export async function sessionsOnSale(nowMs: number): Promise<{ id: string }[]> {
  const since = new Date(nowMs - KEPT_MS);
  const rows = await modelOf<SessionRow>(SESSIONS).findAll({
    attributes: ['id'],
    where: {
      ...published,
      [Op.or]: [{ saleClosesAt: { [Op.gt]: since } }, { startsAt: { [Op.gt]: since } }],
    },
    order: ['id'],
    raw: true,
  });
  return rows as unknown as { id: string }[];
}

/** Opens the sale in the arbiter unless it is there; nobody gets in before it is restated. */
export async function reopen(ctx: Caller, id: string): Promise<{ created: boolean }> {
  const row = await modelOf<SessionRow>(SESSIONS).findOne({
    where: { id, ...published },
    raw: true,
  });
  if (!row) return refuse('NOT_FOUND');
  return open(ctx, row as unknown as SessionRow, 'PAUSED');
}

/**
 * Turns the sale to what its organiser last ordered. The row stays locked while the arbiter is
 * asked, as when the organiser turns it: the two cannot overtake each other.
 */
export function restate(ctx: Caller, id: string): Promise<{ state: SaleState }> {
  return inTransaction(async (transaction) => {
    const found = await modelOf<SessionRow>(SESSIONS).findOne({
      attributes: ['saleSwitch'],
      where: { id, ...published },
      raw: true,
      transaction,
      lock: transaction.LOCK.UPDATE,
    });
    if (!found) return refuse('NOT_FOUND');
    const { saleSwitch } = found as unknown as SessionRow;
    try {
      return await call(ctx, 'seckill.turn', { sale: id, to: saleSwitch });
    } catch (error) {
      // The arbiter is right: a close is final, and this one could not be recorded.
      if (wordOf(error) === 'SALE_CLOSED') return { state: 'CLOSED' };
      throw error;
    }
  });
}
