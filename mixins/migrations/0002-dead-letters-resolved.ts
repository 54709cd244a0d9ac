/**
 * A dead letter is open until an operator replays or discards it, and open again when it dies
 * again. The deaths counted are remembered by entry, because a death may be reported twice.
 */
import type { Sequelize } from 'sequelize';

const WORD = 'VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin';

// the one that cannot run twice comes last
const STEPS = [
  `CREATE TABLE IF NOT EXISTS dead_letter_deaths (
    id CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    entryId ${WORD} NOT NULL,
    filedAt DATETIME(3) NOT NULL,
    PRIMARY KEY (id, entryId),
    KEY byAge (filedAt)
  ) ENGINE=InnoDB`,
  `ALTER TABLE dead_letters
    ADD COLUMN state ENUM('open', 'replayed', 'discarded') NOT NULL DEFAULT 'open',
    ADD COLUMN deaths INT UNSIGNED NOT NULL DEFAULT 1,
    ADD COLUMN resolvedBy ${WORD} NULL,
    ADD COLUMN resolution TEXT CHARACTER SET utf8mb4 NULL,
    DROP INDEX resolvedAt,
    ADD INDEX byState (state, diedAt, id)`,
];

export async function up({ context }: { context: Sequelize }): Promise<void> {
  for (const step of STEPS) await context.query(step);
}
