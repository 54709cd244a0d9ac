/**
 * What a template was before it changed: its plan and zones, the last {@link VERSIONS_KEPT}
 * versions. A session needs none of them, it has its own layout; an organiser may want one back.
 */
import type { Transaction } from 'sequelize';
import { statements } from '../../mixins/statement.ts';

export const VERSIONS_KEPT = 20;

/** A version as it is listed. */
export interface VersionLine {
  readonly version: number;
  readonly name: string;
  readonly seatCount: number;
  readonly updatedAt: Date;
}

/** Puts a template's present version by, in the transaction that is about to change it. */
export async function keepVersion(
  { id, version }: { id: string; version: number },
  transaction: Transaction,
): Promise<void> {
  const { change } = statements(transaction);
  await change(
    `INSERT INTO seat_template_versions
       (templateId, version, name, plan, standing, seatCount, updatedAt)
     SELECT id, version, name, plan, standing, seatCount, updatedAt
     FROM seat_templates WHERE id = :id`,
    { id },
  );
  await change('DELETE FROM seat_template_versions WHERE templateId = :id AND version <= :oldest', {
    id,
    oldest: version - VERSIONS_KEPT,
  });
}

/** The versions that were put by, youngest first. */
export const keptVersions = (id: string): Promise<VersionLine[]> =>
  statements().rows<VersionLine>(
    `SELECT version, name, seatCount, updatedAt FROM seat_template_versions
     WHERE templateId = :id ORDER BY version DESC`,
    { id },
  );

/** The plan of a version that was put by, gzipped. */
export async function keptPlan(id: string, version: number): Promise<Buffer | undefined> {
  const [row] = await statements().rows<{ plan: Buffer }>(
    `SELECT plan FROM seat_template_versions WHERE templateId = :id AND version = :version`,
    { id, version },
  );
  return row?.plan;
}
