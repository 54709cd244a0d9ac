/** When a refund that nobody confirmed is asked for again, and why one is refused for good. */
import type { Sequelize } from 'sequelize';

export async function up({ context }: { context: Sequelize }): Promise<void> {
  // refusal: what the provider said, of one in state REFUSED
  await context.query(`ALTER TABLE refunds
    ADD COLUMN nextAskAt DATETIME(3) NULL,
    ADD COLUMN asks INT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN refusal VARCHAR(255) NULL,
    ADD KEY byAsk (state, nextAskAt)`);
  await context.query("UPDATE refunds SET nextAskAt = createdAt WHERE state = 'REQUESTED'");
}
