import { limits } from '../base/index.ts';

const linesTold = limits.postgresLinesToldMax;

/** The version of the schema that this program reads and writes. */
export const postgresSchemaVersion = 1;

/** The channel that the triggers notify, and the words they use: the revision, then whose grant changed, or `*` for many. */
export const postgresChannel = 'latchkey_ownership';

/**
 * The schema in PostgreSQL 13 or later, for `psql`. Whoever runs it owns it; the relay needs to read its tables, and whoever
 * grants to write one of them. The triggers raise the revision and tell of every change, whoever made it, at its commit.
 */
export const postgresSchema = `BEGIN;
CREATE SCHEMA latchkey;

-- Who may see what: one line for each subject and device.
CREATE TABLE latchkey.ownership_grant (
  subject text COLLATE "C" NOT NULL
    CHECK (length(subject) <= 256 AND subject ~ '^[A-Za-z0-9][A-Za-z0-9._:@|-]*$'),
  device text COLLATE "C" NOT NULL
    CHECK (length(device) <= 128 AND device ~ '^[A-Za-z0-9][A-Za-z0-9._:@|-]*$'),
  role text NOT NULL CHECK (role IN ('owner', 'viewer')),
  not_after_ms bigint CHECK (abs(not_after_ms) <= 9007199254740991),
  changed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (subject, device)
);
CREATE INDEX ownership_grant_by_device ON latchkey.ownership_grant (device, subject);

-- One line, which each statement that changes a grant raises: so changes have one order, which is that of their commits.
CREATE TABLE latchkey.ownership_revision (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  schema_version integer NOT NULL,
  revision bigint NOT NULL
);
INSERT INTO latchkey.ownership_revision (schema_version, revision) VALUES (${postgresSchemaVersion}, 0);

CREATE FUNCTION latchkey.ownership_tell() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  lines bigint := ${linesTold + 1};
  now_at bigint;
BEGIN
  IF TG_OP <> 'TRUNCATE' THEN
    SELECT count(*) INTO lines FROM (SELECT FROM changed LIMIT ${linesTold + 1}) AS first_lines;
  END IF;
  IF lines = 0 THEN RETURN NULL; END IF;
  UPDATE latchkey.ownership_revision SET revision = revision + 1 RETURNING revision INTO now_at;
  IF lines > ${linesTold} THEN
    PERFORM pg_notify('${postgresChannel}', now_at || ' *');
  ELSE
    PERFORM pg_notify('${postgresChannel}', now_at || ' ' || subject || ' ' || device) FROM changed;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER ownership_granted AFTER INSERT ON latchkey.ownership_grant
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION latchkey.ownership_tell();
CREATE TRIGGER ownership_changed_from AFTER UPDATE ON latchkey.ownership_grant
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION latchkey.ownership_tell();
CREATE TRIGGER ownership_changed_to AFTER UPDATE ON latchkey.ownership_grant
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION latchkey.ownership_tell();
CREATE TRIGGER ownership_revoked AFTER DELETE ON latchkey.ownership_grant
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION latchkey.ownership_tell();
CREATE TRIGGER ownership_emptied AFTER TRUNCATE ON latchkey.ownership_grant
  FOR EACH STATEMENT EXECUTE FUNCTION latchkey.ownership_tell();
COMMIT;
`;
