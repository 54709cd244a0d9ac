/** Every payment event once, every refund once, and each run of the arbiter that was noticed. */
import type { Sequelize } from 'sequelize';

const ID = 'VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin';
const WORD = 'VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin';

const TABLES = [
  `CREATE TABLE IF NOT EXISTS payment_events (
    eventId VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    paymentId ${ID} NOT NULL,
    orderId ${ID} NOT NULL,
    type ${WORD} NOT NULL,
    amountFen INT UNSIGNED NOT NULL,
    raw JSON NOT NULL,
    receivedAt DATETIME(3) NOT NULL,
    KEY byPayment (paymentId),
    KEY byOrder (orderId)
  ) ENGINE=InnoDB`,
  // one payment is given back at most once: the unique key is the rule
  `CREATE TABLE IF NOT EXISTS refunds (
    refundId ${ID} NOT NULL PRIMARY KEY,
    paymentId ${ID} NOT NULL,
    orderId ${ID} NOT NULL,
    amountFen INT UNSIGNED NOT NULL,
    reason ${WORD} NOT NULL,
    state ${WORD} NOT NULL,
    createdAt DATETIME(3) NOT NULL,
    at DATETIME(3) NOT NULL,
    UNIQUE KEY byPayment (paymentId),
    KEY byOrder (orderId)
  ) ENGINE=InnoDB`,
  `CREATE TABLE IF NOT EXISTS arbiter_incidents (
    epoch INT UNSIGNED NOT NULL PRIMARY KEY,
    shard SMALLINT UNSIGNED NOT NULL,
    oldRunId VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    newRunId VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    at DATETIME(3) NOT NULL,
    UNIQUE KEY byRun (shard, newRunId)
  ) ENGINE=InnoDB`,
];

export async function up({ context }: { context: Sequelize }): Promise<void> {
  for (const table of TABLES) await context.query(table);
}
