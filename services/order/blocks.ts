/**
 * Seats that the house keeps back. The arbiter says first whether one is free; then the block is
 * written here beside its claim, the same last line that keeps two orders from one seat. What is
 * killed in between is found by the comparison of the two: a block that was never recorded in time
 * is released, a recorded one is given its seat.
 */
import type { Actions, Page } from '../../contracts/actions.ts';
import { refuse } from '../../contracts/errors.ts';
import { readBlockId } from '../../contracts/ids.ts';
import type { LiveOrder, OrderWord } from '../../contracts/repair.ts';
import type { SeatBlock } from '../../contracts/sale-view.ts';
import { type Auditor, writeAudit } from '../../mixins/audit.ts';
import { inTransaction } from '../../mixins/database.ts';
import { cursorAfter, idOfCursor, pageOf } from '../../mixins/page.ts';
import { sqlTime, statements } from '../../mixins/statement.ts';
import { enqueue, type Letter } from './outbox.ts';

/** A block is recorded this soon after it was minted, or never: until then it may still be. */
const RECORDED_WITHIN_MS = 10_000;
/** Blocks of one seat that an inspection shows. */
const SEAT_BLOCKS_MAX = 100;

type Asked = Actions['order.blockSeat']['params'];
interface BlockRow {
  readonly blockId: string;
  readonly sessionId: string;
  readonly seat: number;
  /** The operator who blocked it, and the one who ended it. */
  readonly uid: string;
  readonly reason: string;
  readonly at: Date;
  readonly endedUid: string | null;
  readonly endedReason: string | null;
  readonly endedAt: Date | null;
}
const viewOf = ({
  seat,
  uid,
  reason,
  at,
  endedUid,
  endedReason,
  endedAt,
}: BlockRow): SeatBlock => ({
  seat,
  by: uid,
  reason,
  at: at.toISOString(),
  ...(endedAt && { ended: { by: endedUid!, reason: endedReason!, at: endedAt.toISOString() } }),
});
const CLAIM = 'SELECT orderId FROM seat_claims WHERE sessionId = :sessionId AND seat = :seat';
const targetOf = (sessionId: string, seat: number) => `${sessionId}/${seat}`;

/**
 * Records a block that the arbiter has granted.
 * @throws SEAT_NOT_FREE when an order has the seat by MySQL, SEAT_BLOCKED
 */
export const recordBlock = (
  blockId: string,
  { sessionId, seat, reason }: Asked,
  operator: Auditor,
): Promise<SeatBlock> =>
  inTransaction(async (transaction) => {
    const sql = statements(transaction);
    const claimed = await sql.change(
      `INSERT IGNORE INTO seat_claims (sessionId, seat, orderId)
       VALUES (:sessionId, :seat, :blockId)`,
      { sessionId, seat, blockId },
    );
    if (claimed === 0) {
      const claim = await sql.row<{ orderId: string }>(CLAIM, { sessionId, seat });
      return refuse(claim && readBlockId(claim.orderId) ? 'SEAT_BLOCKED' : 'SEAT_NOT_FREE');
    }
    const nowMs = await sql.nowMs();
    if (nowMs >= readBlockId(blockId)!.mintedAtMs + RECORDED_WITHIN_MS) return refuse('BUSY');
    await sql.change(
      `INSERT INTO seat_blocks (blockId, sessionId, seat, uid, reason, at)
       VALUES (:blockId, :sessionId, :seat, :uid, :reason, :at)`,
      { blockId, sessionId, seat, uid: operator.uid, reason, at: sqlTime(nowMs) },
    );
    const target = targetOf(sessionId, seat);
    const change = { action: 'seat.block', target, before: undefined, after: { reason } };
    await writeAudit(operator, change, transaction);
    return { seat, by: operator.uid, reason, at: new Date(nowMs).toISOString() };
  });

/**
 * Ends the block of a seat; the message that frees the seat is written with it.
 * @throws SEAT_NOT_BLOCKED
 */
export const endBlock = (
  { sessionId, seat, reason }: Asked,
  operator: Auditor,
): Promise<SeatBlock> =>
  inTransaction(async (transaction) => {
    const sql = statements(transaction);
    const block = await sql.row<BlockRow>(
      `SELECT b.* FROM seat_claims c JOIN seat_blocks b ON b.blockId = c.orderId
       WHERE c.sessionId = :sessionId AND c.seat = :seat FOR UPDATE`,
      { sessionId, seat },
    );
    if (!block) return refuse('SEAT_NOT_BLOCKED');
    const { blockId } = block;
    const endedAt = new Date(await sql.nowMs());
    const at = sqlTime(endedAt.getTime());
    await sql.change(
      `UPDATE seat_blocks SET endedUid = :uid, endedReason = :reason, endedAt = :at
       WHERE blockId = :blockId`,
      { uid: operator.uid, reason, at, blockId },
    );
    await sql.change('DELETE FROM seat_claims WHERE sessionId = :sessionId AND seat = :seat', {
      sessionId,
      seat,
    });
    const payload = { sale: sessionId, orderId: blockId, uid: '', seats: [seat] };
    const letter: Letter<'order.cancelled'> = {
      eventId: `${blockId}:cancelled`,
      channel: 'order.cancelled',
      payload: { ...payload, reason: 'UNBLOCKED' },
      requestId: operator.requestId,
    };
    await enqueue(sql, [letter], at);
    const before = { by: block.uid, reason: block.reason, at: block.at };
    const target = targetOf(sessionId, seat);
    const change = { action: 'seat.unblock', target, before, after: { reason } };
    await writeAudit(operator, change, transaction);
    return viewOf({ ...block, endedUid: operator.uid, endedReason: reason, endedAt });
  });

/** What is blocked of a session now, the first to be blocked first. */
export async function listBlocks(
  sessionId: string,
  limit: number,
  cursor?: string,
): Promise<Page<SeatBlock>> {
  const after = cursor === undefined ? '' : `${sessionId}-block-${idOfCursor(cursor)}`;
  const rows = await openBlocks(sessionId, after, limit + 1);
  return pageOf(rows, limit, viewOf, ({ blockId }) => cursorAfter(readBlockId(blockId)!.id));
}

const openBlocks = <Row extends BlockRow>(sessionId: string, after: string, limit: number) =>
  statements().rows<Row>(
    `SELECT *, TIMESTAMPDIFF(MICROSECOND, at, UTC_TIMESTAMP(3)) DIV 1000 AS ageMs
     FROM seat_blocks WHERE sessionId = :sessionId AND endedAt IS NULL AND blockId > :after
     ORDER BY blockId LIMIT :limit`,
    { sessionId, after, limit },
  );

/** Every block a seat ever had, oldest first (the youngest hundred). */
export async function seatBlocks(sessionId: string, seat: number): Promise<SeatBlock[]> {
  const rows = await statements().rows<BlockRow>(
    `SELECT * FROM seat_blocks WHERE sessionId = :sessionId AND seat = :seat
     ORDER BY blockId DESC LIMIT :limit`,
    { sessionId, seat, limit: SEAT_BLOCKS_MAX },
  );
  return rows.toReversed().map(viewOf);
}

/** Blocks as whoever puts the arbiter right compares them, in the order of their ids. */
export async function standingBlocks(
  sale: string,
  after: string,
  limit: number,
): Promise<LiveOrder[]> {
  const rows = await openBlocks<BlockRow & { ageMs: number }>(sale, after, limit);
  return rows.map(({ blockId, seat, ageMs }) => ({
    orderId: blockId,
    uid: '',
    state: 'BLOCKED',
    deadlineMs: 0,
    seats: [seat],
    ageMs,
  }));
}

/** What MySQL says of those ids that are blocks'. */
export async function blockWords(
  ids: readonly string[],
): Promise<Map<string, { word: OrderWord; ageMs: number }>> {
  const minted = ids.flatMap((id) => {
    const read = readBlockId(id);
    return read ? [{ id, mintedAtMs: read.mintedAtMs }] : [];
  });
  if (minted.length === 0) return new Map();
  const sql = statements();
  const nowMs = await sql.nowMs();
  const rows = await sql.rows<Pick<BlockRow, 'blockId' | 'at' | 'endedAt'>>(
    'SELECT blockId, at, endedAt FROM seat_blocks WHERE blockId IN (:ids)',
    { ids: minted.map(({ id }) => id) },
  );
  const known = new Map(rows.map((row) => [row.blockId, row]));
  return new Map(
    minted.map(({ id, mintedAtMs }) => {
      const row = known.get(id);
      const sinceMs = (row?.endedAt ?? row?.at)?.getTime() ?? mintedAtMs;
      const isBeingRecorded = !row && nowMs < mintedAtMs + RECORDED_WITHIN_MS;
      const word = isBeingRecorded || row?.endedAt === null ? 'BLOCKED' : 'UNBLOCKED';
      return [id, { word, ageMs: nowMs - sinceMs }];
    }),
  );
}
