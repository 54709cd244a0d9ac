/** Messages written in the transaction that made them true, and posted after it. */
import type { Sequelize } from 'sequelize';

export async function up({ context }: { context: Sequelize }): Promise<void> {
  // eventId is derived from what it tells (`<orderId>:paid`), so that telling it twice is one row.
  // nextAt is a lease as much as a back-off: a row being posted is not taken again before it.
  await context.query(`CREATE TABLE IF NOT EXISTS outbox (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    eventId VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    channel VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    sale VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    payload JSON NOT NULL,
    requestId VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    createdAt DATETIME(3) NOT NULL,
    postedAt DATETIME(3) NULL,
    attempts INT UNSIGNED NOT NULL DEFAULT 0,
    nextAt DATETIME(3) NOT NULL,
    UNIQUE KEY byEvent (eventId),
    KEY unsent (postedAt, nextAt)
  ) ENGINE=InnoDB`);
}
