/** What was accepted: a verdict per hold, claims and quotas of live orders, orders, histories. */
import type { Sequelize } from 'sequelize';

const ID = 'VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin';
const NAME = 'VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
const WORD = 'VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin';

const TABLES = [
  `CREATE TABLE IF NOT EXISTS hold_verdicts (
    orderId ${ID} NOT NULL PRIMARY KEY,
    verdict ENUM('ORDERED','ABORTED') NOT NULL,
    reason ${WORD} NULL,
    at DATETIME(3) NOT NULL
  ) ENGINE=InnoDB`,
  `CREATE TABLE IF NOT EXISTS seat_claims (
    sessionId ${ID} NOT NULL,
    seat INT UNSIGNED NOT NULL,
    orderId ${ID} NOT NULL,
    PRIMARY KEY (sessionId, seat),
    KEY byOrder (orderId)
  ) ENGINE=InnoDB`,
  `CREATE TABLE IF NOT EXISTS buyer_quotas (
    sessionId ${ID} NOT NULL,
    uid ${ID} NOT NULL,
    held INT NOT NULL,
    PRIMARY KEY (sessionId, uid)
  ) ENGINE=InnoDB`,
  `CREATE TABLE IF NOT EXISTS reservations (
    sessionId ${ID} NOT NULL,
    uid ${ID} NOT NULL,
    reservedAt DATETIME(3) NOT NULL,
    PRIMARY KEY (sessionId, uid)
  ) ENGINE=InnoDB`,
  `CREATE TABLE IF NOT EXISTS orders (
    orderId ${ID} NOT NULL PRIMARY KEY,
    sessionId ${ID} NOT NULL,
    uid ${ID} NOT NULL,
    state ${WORD} NOT NULL,
    amountFen INT UNSIGNED NOT NULL,
    currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    seatsPerBuyerMax TINYINT UNSIGNED NOT NULL,
    deadline DATETIME(3) NOT NULL,
    paidBy ${ID} NULL,
    requestId ${ID} NOT NULL,
    createdAt DATETIME(3) NOT NULL,
    updatedAt DATETIME(3) NOT NULL,
    KEY byDeadline (state, deadline),
    KEY byBuyer (uid, createdAt)
  ) ENGINE=InnoDB`,
  `CREATE TABLE IF NOT EXISTS order_seats (
    orderId ${ID} NOT NULL,
    seat INT UNSIGNED NOT NULL,
    sessionId ${ID} NOT NULL,
    label ${NAME} NOT NULL,
    tier ${NAME} NOT NULL,
    priceFen INT UNSIGNED NOT NULL,
    PRIMARY KEY (orderId, seat),
    KEY bySeat (sessionId, seat)
  ) ENGINE=InnoDB`,
  `CREATE TABLE IF NOT EXISTS order_history (
    orderId ${ID} NOT NULL,
    seq SMALLINT UNSIGNED NOT NULL,
    fromState ${WORD} NOT NULL,
    toState ${WORD} NOT NULL,
    cause ${WORD} NOT NULL,
    at DATETIME(3) NOT NULL,
    PRIMARY KEY (orderId, seq)
  ) ENGINE=InnoDB`,
];

export async function up({ context }: { context: Sequelize }): Promise<void> {
  for (const table of TABLES) await context.query(table);
}
