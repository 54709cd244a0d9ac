/** The Idempotency-Key an order's lock came with: an arbiter that lost it is told again. */
import type { Sequelize } from 'sequelize';
import { addColumn } from '../../../mixins/migrations/guarded.ts';

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';

export async function up({ context }: { context: Sequelize }): Promise<void> {
  await addColumn(context, 'orders', 'requestKey', `VARCHAR(255) ${ASCII} NULL`);
  await addColumn(context, 'orders', 'fingerprint', `VARCHAR(32) ${ASCII} NULL`);
}
