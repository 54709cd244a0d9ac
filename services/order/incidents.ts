/**
 * The epochs: each run of an arbiter shard that was noticed, once. MySQL numbers them, because an
 * arbiter that came back empty cannot know how far it had counted.
 */
import { statements } from '../../mixins/statement.ts';

/** Records a run, or finds it recorded by another scheduler. @returns the epoch it opens. */
export async function recordIncident(
  shard: number,
  oldRunId: string,
  newRunId: string,
): Promise<number> {
  const sql = statements();
  await sql.change(
    `INSERT IGNORE INTO arbiter_incidents (shard, oldRunId, newRunId, at)
     VALUES (:shard, :oldRunId, :newRunId, UTC_TIMESTAMP(3))`,
    { shard, oldRunId, newRunId },
  );
  const row = await sql.row<{ epoch: number }>(
    'SELECT epoch FROM arbiter_incidents WHERE shard = :shard AND newRunId = :newRunId',
    { shard, newRunId },
  );
  return row!.epoch;
}

/** A reservation the arbiter took; MySQL keeps it, the arbiter's set is a projection. */
export async function recordReservation(
  sessionId: string,
  uid: string,
  reservedAt: string,
): Promise<void> {
  await statements().change(
    `INSERT IGNORE INTO reservations (sessionId, uid, reservedAt)
     VALUES (:sessionId, :uid, :reservedAt)`,
    { sessionId, uid, reservedAt },
  );
}
