/**
 * A Redis that restarted answers under another run id, and the scripts refuse to lock on it until
 * somebody has looked at what it may have lost and opened a new epoch.
 */
import type { Arbiter } from '../../lua/arbiter.ts';

/** Records a run of a shard and answers the epoch it opens; the same run, the same epoch. */
export type RecordIncident = (incident: {
  readonly shard: number;
  readonly oldRunId: string;
  readonly newRunId: string;
  /** The epoch in force: the new one must be later, whatever became of MySQL meanwhile. */
  readonly above: number;
}) => Promise<number>;

/**
 * Opens a new epoch for every shard whose Redis is not the one on record.
 *
 * Nothing is repaired in between: with its append-only file intact a Redis that was killed comes
 * back with everything it acknowledged. Comparing it with MySQL belongs between `record` and
 * `adopt`, where locks are still refused.
 * @returns the shards adopted by us
 */
export async function adoptNewRuns(
  arbiter: Pick<Arbiter, 'runId' | 'epoch' | 'adopt'>,
  shards: number,
  record: RecordIncident,
): Promise<number[]> {
  const runId = await arbiter.runId();
  const adopted: number[] = [];
  for (let shard = 0; shard < shards; shard++) {
    const known = await arbiter.epoch(shard);
    if (known?.runId === runId) continue;
    const epoch = await record({
      shard,
      oldRunId: known?.runId ?? '',
      newRunId: runId,
      above: known?.epoch ?? 0,
    });
    const { changed } = await arbiter.adopt(shard, epoch);
    if (changed) adopted.push(shard);
  }
  return adopted;
}
