/** The books of the sandbox provider: what it was asked, gave back, and must still tell. */
import type { Sequelize } from 'sequelize';

const ID = 'VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin';
const WORD = 'VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin';

const TABLES = [
  `CREATE TABLE IF NOT EXISTS sandbox_payments (
    paymentId ${ID} NOT NULL PRIMARY KEY,
    orderId ${ID} NOT NULL,
    amountFen INT UNSIGNED NOT NULL,
    state ${WORD} NOT NULL,
    expiresAt DATETIME(3) NOT NULL,
    createdAt DATETIME(3) NOT NULL,
    updatedAt DATETIME(3) NOT NULL
  ) ENGINE=InnoDB`,
  `CREATE TABLE IF NOT EXISTS sandbox_refunds (
    refundId ${ID} NOT NULL PRIMARY KEY,
    paymentId ${ID} NOT NULL,
    amountFen INT UNSIGNED NOT NULL,
    at DATETIME(3) NOT NULL,
    KEY byPayment (paymentId)
  ) ENGINE=InnoDB`,
  // the webhooks: body is kept as sent, so that every delivery of an event is the same bytes
  `CREATE TABLE IF NOT EXISTS sandbox_events (
    eventId VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    paymentId ${ID} NOT NULL,
    body VARCHAR(2000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    attempts INT UNSIGNED NOT NULL DEFAULT 0,
    nextAt DATETIME(3) NOT NULL,
    deliveredAt DATETIME(3) NULL,
    createdAt DATETIME(3) NOT NULL,
    KEY undelivered (deliveredAt, nextAt),
    KEY byPayment (paymentId)
  ) ENGINE=InnoDB`,
];

export async function up({ context }: { context: Sequelize }): Promise<void> {
  for (const table of TABLES) await context.query(table);
}
