/**
 * The epochs: each run of an arbiter shard that was noticed, once. MySQL numbers them, because an
 * arbiter that came back empty cannot know how far it had counted.
 */
import { refuse } from '../../contracts/errors.ts';
import { statements } from '../../mixins/statement.ts';

/**
 * Records a run, or finds it recorded by another scheduler.
 * @param above the arbiter's own count: a MySQL that was restored must not count behind it.
 * @returns the epoch it opens. @throws BUSY when another run took that number at this moment
 */
export async function recordIncident(
  shard: number,
  oldRunId: string,
  newRunId: string,
  above: number,
): Promise<number> {
  const sql = statements();
  await sql.change(
    `INSERT IGNORE INTO arbiter_incidents (epoch, shard, oldRunId, newRunId, at)
     SELECT GREATEST(:above, COALESCE(MAX(epoch), 0)) + 1, :shard, :oldRunId, :newRunId,
       UTC_TIMESTAMP(3) FROM arbiter_incidents`,
    { shard, oldRunId, newRunId, above },
  );
  const row = await sql.row<{ epoch: number }>(
    'SELECT epoch FROM arbiter_incidents WHERE shard = :shard AND newRunId = :newRunId',
    { shard, newRunId },
  );
  return row?.epoch ?? refuse('BUSY');
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
