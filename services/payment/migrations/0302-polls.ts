/** When the provider is asked about a payment next, whatever its events said. */
import type { Sequelize } from 'sequelize';

export async function up({ context }: { context: Sequelize }): Promise<void> {
  // nextPollAt: NULL when its money is known, or when it was asked for the last time
  await context.query(`ALTER TABLE payments
    ADD COLUMN nextPollAt DATETIME(3) NULL,
    ADD COLUMN polls INT UNSIGNED NOT NULL DEFAULT 0,
    ADD KEY byPoll (nextPollAt)`);
  await context.query(
    "UPDATE payments SET nextPollAt = UTC_TIMESTAMP(3) WHERE state <> 'SUCCEEDED'",
  );
}
