/** Seats that the house keeps back, and kept; a standing one has its claim like an order. */
import type { Sequelize } from 'sequelize';

const ID = 'VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin';
const TEXT = 'VARCHAR(1000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';

export async function up({ context }: { context: Sequelize }): Promise<void> {
  await context.query(`CREATE TABLE IF NOT EXISTS seat_blocks (
    blockId ${ID} NOT NULL PRIMARY KEY,
    sessionId ${ID} NOT NULL,
    seat INT UNSIGNED NOT NULL,
    uid ${ID} NOT NULL,
    reason ${TEXT} NOT NULL,
    at DATETIME(3) NOT NULL,
    endedUid ${ID} NULL,
    endedReason ${TEXT} NULL,
    endedAt DATETIME(3) NULL,
    KEY bySession (sessionId, endedAt, blockId),
    KEY bySeat (sessionId, seat, blockId)
  ) ENGINE=InnoDB`);
}
