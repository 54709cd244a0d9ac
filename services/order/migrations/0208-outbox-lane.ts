/** The lane of the request that led to a message, for a gray release. */
import type { Sequelize } from 'sequelize';
import { addColumn } from '../../../mixins/migrations/guarded.ts';

const LANE = "VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'stable'";

export const up = ({ context }: { context: Sequelize }): Promise<void> =>
  addColumn(context, 'outbox', 'lane', LANE);
