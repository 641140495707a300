import { type DeviceId, limits, type SubjectId } from '../base/index.ts';
import type { Grant } from './grant-book.ts';
import type { OwnershipQuestion } from './source.ts';

/** A statement with a name, which a connection prepares once. */
export interface Question {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** One line, also where there is no grant: the database says itself which question it answers. */
export function one(subject: SubjectId, device: DeviceId): Question {
  return {
    name: 'latchkey-one',
    text: `SELECT asked.subject, asked.device, known.role, known.not_after_ms, mark.revision
      FROM (SELECT $1::text COLLATE "C" AS subject, $2::text COLLATE "C" AS device) AS asked
      CROSS JOIN latchkey.ownership_revision AS mark
      LEFT JOIN latchkey.ownership_grant AS known ON known.subject = asked.subject AND known.device = asked.device`,
    values: [subject, device],
  };
}

/** One line at least, which names the subject: an empty list is an answer to somebody, too. */
export function all(subject: SubjectId, nowMs: number): Question {
  return {
    name: 'latchkey-all',
    text: `SELECT asked.subject, known.device, known.role, known.not_after_ms, mark.revision
      FROM (SELECT $1::text COLLATE "C" AS subject) AS asked
      CROSS JOIN latchkey.ownership_revision AS mark
      LEFT JOIN LATERAL (
        SELECT device, role, not_after_ms FROM latchkey.ownership_grant AS grants
        WHERE grants.subject = asked.subject AND (not_after_ms IS NULL OR not_after_ms > $2::bigint)
        ORDER BY device LIMIT $3::int
      ) AS known ON true ORDER BY known.device`,
    values: [subject, nowMs, limits.devicesPerSubjectMax],
  };
}

export function put({ subject, device, role, notAfterMs }: Grant): Question {
  return {
    name: 'latchkey-put',
    text: `INSERT INTO latchkey.ownership_grant (subject, device, role, not_after_ms) VALUES ($1, $2, $3, $4)
      ON CONFLICT (subject, device) DO UPDATE SET
      role = excluded.role, not_after_ms = excluded.not_after_ms, changed_at = now()`,
    values: [subject, device, role, notAfterMs ?? null],
  };
}

export function take({ subject, device }: OwnershipQuestion): Question {
  return {
    name: 'latchkey-take',
    text: 'DELETE FROM latchkey.ownership_grant WHERE subject = $1 AND device = $2 RETURNING subject',
    values: [subject, device],
  };
}

export function some({ subject, device }: { readonly subject?: SubjectId; readonly device?: DeviceId }): Question {
  return {
    name: 'latchkey-some',
    text: `SELECT subject, device, role, not_after_ms FROM latchkey.ownership_grant
      WHERE ($1::text IS NULL OR subject = $1) AND ($2::text IS NULL OR device = $2)
      ORDER BY subject, device LIMIT $3::int`,
    values: [subject ?? null, device ?? null, limits.grantsListedMax],
  };
}
