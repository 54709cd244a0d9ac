/**
 * The epochs: each loss of an arbiter shard that was noticed, once. MySQL numbers them, because an
 * arbiter that came back empty cannot know how far it had counted.
 */
import { inTransaction } from '../../mixins/database.ts';
import { type Statements, statements } from '../../mixins/statement.ts';

/** How long a repair is left to who began it; one that takes longer, or died, gets company. */
const MINE_MS = 15_000;
/** Whoever asks looked at the arbiter less than this ago. */
const JUST_MS = 2_000;

export interface Incident {
  readonly shard: number;
  readonly oldRunId: string;
  readonly newRunId: string;
  /** The arbiter's own count: a MySQL that was restored must not count behind it. */
  readonly above: number;
  /** The node that asks. */
  readonly who: string;
}
interface IncidentRow {
  readonly epoch: number;
  readonly newRunId: string;
  readonly who: string;
  readonly taken: number;
  readonly repaired: number;
  readonly justRepaired: number;
}

/**
 * Records a loss, or finds it recorded and not yet repaired.
 * @returns the epoch it opens, and whether its repair is the asker's for now
 */
export function recordIncident(incident: Incident): Promise<{ epoch: number; mine: boolean }> {
  return inTransaction(async (transaction) => {
    const sql = statements(transaction);
    // Everybody's lock: who waited for it reads what was written meanwhile.
    const epochs = await sql.row<{ last: number }>(
      'SELECT last FROM arbiter_epochs WHERE id = 1 FOR UPDATE',
    );
    const last = await sql.row<IncidentRow>(
      `SELECT epoch, newRunId, who, whoUntil > UTC_TIMESTAMP(3) AS taken,
         repairedAt IS NOT NULL AS repaired,
         repairedAt > UTC_TIMESTAMP(3) - INTERVAL :justUs MICROSECOND AS justRepaired
       FROM arbiter_incidents WHERE shard = :shard ORDER BY epoch DESC LIMIT 1`,
      { shard: incident.shard, justUs: JUST_MS * 1_000 },
    );
    const same = last?.newRunId === incident.newRunId;
    // Repaired since the asker looked, by somebody who was quicker.
    const quicker =
      last?.justRepaired || (last && incident.above > 0 && last.epoch > incident.above);
    if (same && last.repaired && quicker) return { epoch: last.epoch, mine: false };
    const goesOn = same && !last.repaired && last.epoch >= incident.above;
    const epoch = goesOn ? last.epoch : await insert(sql, incident, epochs!.last);
    if (goesOn && last.taken) return { epoch, mine: last.who === incident.who };
    await sql.change(
      `UPDATE arbiter_incidents SET who = :who,
         whoUntil = UTC_TIMESTAMP(3) + INTERVAL :mineUs MICROSECOND WHERE epoch = :epoch`,
      { who: incident.who, mineUs: MINE_MS * 1_000, epoch },
    );
    return { epoch, mine: true };
  });
}

async function insert(sql: Statements, incident: Incident, last: number): Promise<number> {
  const { shard, oldRunId, newRunId, above } = incident;
  const epoch = Math.max(above, last) + 1;
  await sql.change('UPDATE arbiter_epochs SET last = :epoch WHERE id = 1', { epoch });
  await sql.change(
    `INSERT INTO arbiter_incidents (epoch, shard, oldRunId, newRunId, at)
     VALUES (:epoch, :shard, :oldRunId, :newRunId, UTC_TIMESTAMP(3))`,
    { epoch, shard, oldRunId, newRunId },
  );
  return epoch;
}

/** The loss is repaired, and how. @returns changed: false when somebody was quicker */
export async function recordRepair(epoch: number, report: object): Promise<{ changed: boolean }> {
  const changed = await statements().change(
    `UPDATE arbiter_incidents SET repairedAt = UTC_TIMESTAMP(3), report = :report
     WHERE epoch = :epoch AND repairedAt IS NULL`,
    { epoch, report: JSON.stringify(report) },
  );
  return { changed: changed > 0 };
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
