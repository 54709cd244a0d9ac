/**
 * Sessions, and the layout each was published with. What a session refers to cannot be removed; a
 * layout is written once and never changed.
 */
import type { Sequelize } from 'sequelize';

const ID = 'VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL';

const TABLES = [
  `CREATE TABLE IF NOT EXISTS sessions (
    id ${ID} PRIMARY KEY,
    ownerUid ${ID},
    showId ${ID},
    venueId ${ID},
    seatTemplateId ${ID},
    startsAt DATETIME(3) NOT NULL,
    reservationOpensAt DATETIME(3) NOT NULL,
    reservationClosesAt DATETIME(3) NOT NULL,
    saleOpensAt DATETIME(3) NOT NULL,
    saleClosesAt DATETIME(3) NOT NULL,
    reservationRequired BOOLEAN NOT NULL,
    seatsPerBuyerMax TINYINT UNSIGNED NOT NULL,
    lockMs INT UNSIGNED NOT NULL,
    tiers MEDIUMTEXT NOT NULL,
    stage ENUM('DRAFT','FROZEN','PUBLISHED') NOT NULL,
    saleSwitch ENUM('OPEN','PAUSED','CLOSED') NOT NULL,
    layoutVersion VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    seatCount INT UNSIGNED NULL,
    version INT UNSIGNED NOT NULL,
    createdAt DATETIME(3) NOT NULL,
    updatedAt DATETIME(3) NOT NULL,
    KEY byOwner (ownerUid, id),
    KEY byShow (showId, stage, startsAt),
    CONSTRAINT sessions_show FOREIGN KEY (showId) REFERENCES shows (id),
    CONSTRAINT sessions_venue FOREIGN KEY (venueId) REFERENCES venues (id),
    CONSTRAINT sessions_template FOREIGN KEY (seatTemplateId) REFERENCES seat_templates (id)
  ) ENGINE=InnoDB`,
  `CREATE TABLE IF NOT EXISTS session_layouts (
    sessionId ${ID} PRIMARY KEY,
    layoutVersion VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    layout LONGBLOB NOT NULL
  ) ENGINE=InnoDB`,
];

export async function up({ context: sequelize }: { context: Sequelize }): Promise<void> {
  for (const table of TABLES) await sequelize.query(table);
}
