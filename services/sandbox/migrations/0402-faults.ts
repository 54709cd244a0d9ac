/** What a tester ordered of the provider, and how an event is delivered because of it. */
import type { Sequelize } from 'sequelize';

const ID = 'VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin';
const WORD = 'VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin';

const STEPS = [
  // paymentId, about: NULL is every one. timesLeft: NULL is until it is cleared.
  `CREATE TABLE IF NOT EXISTS sandbox_faults (
    faultId INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    fault ${WORD} NOT NULL,
    paymentId ${ID} NULL,
    about ${WORD} NULL,
    ms INT UNSIGNED NOT NULL,
    copies TINYINT UNSIGNED NOT NULL,
    how ${WORD} NOT NULL,
    status SMALLINT UNSIGNED NOT NULL,
    chance DOUBLE NOT NULL,
    timesLeft INT UNSIGNED NULL
  ) ENGINE=InnoDB`,
  // copies: sent side by side, 0 is a lost event; forgery: sent before them, with its answer
  `ALTER TABLE sandbox_events
    ADD COLUMN copies TINYINT UNSIGNED NOT NULL DEFAULT 1,
    ADD COLUMN forgery ${WORD} NULL,
    ADD COLUMN forgeryAnswer SMALLINT UNSIGNED NULL`,
];

export async function up({ context }: { context: Sequelize }): Promise<void> {
  for (const step of STEPS) await context.query(step);
}
