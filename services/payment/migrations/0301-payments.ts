/** The payments we opened at the provider. */
import type { Sequelize } from 'sequelize';

const ID = 'VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin';

export async function up({ context }: { context: Sequelize }): Promise<void> {
  // slot: `key:<hash of the Idempotency-Key>`, or `open` for the one payment opened without a key
  // until it ends (then `was:<paymentId>`), so that two requests at once open one payment.
  // offeredAt: when the provider confirmed it; until then a repeated request creates it again.
  await context.query(`CREATE TABLE IF NOT EXISTS payments (
    paymentId ${ID} NOT NULL PRIMARY KEY,
    orderId ${ID} NOT NULL,
    uid ${ID} NOT NULL,
    slot VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    state VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    amountFen INT UNSIGNED NOT NULL,
    payUrl VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    expiresAt DATETIME(3) NOT NULL,
    offeredAt DATETIME(3) NULL,
    createdAt DATETIME(3) NOT NULL,
    updatedAt DATETIME(3) NOT NULL,
    UNIQUE KEY bySlot (orderId, slot)
  ) ENGINE=InnoDB`);
}
