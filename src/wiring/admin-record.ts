import type { AuditReader, Sighting, Sightings } from '../admin/index.ts';
import type { Answer, AuditLog, Viewing } from '../audit/index.ts';

/** What the admin API may ask the record. */
export function auditReader(audit: AuditLog): AuditReader {
  return {
    whoSaw: async (device, fromMs, toMs) => sightingsOf(await audit.whoSaw(device, fromMs, toMs)),
    whatSaw: async (subject, fromMs, toMs) => sightingsOf(await audit.whatSaw(subject, fromMs, toMs)),
  };
}

function sightingsOf({ viewings, namesFromMs }: Answer): Sightings {
  return { found: viewings.map(sightingOf), namesFromMs: namesFromMs ?? null };
}

function sightingOf(viewing: Viewing): Sighting {
  return {
    session: viewing.session,
    subject: viewing.subject?.name ?? null,
    device: viewing.device?.name ?? null,
    startedAtMs: viewing.startedAtMs,
    end: viewing.end,
    endedAtMs: viewing.endedAtMs ?? null,
    reason: viewing.reason ?? null,
    seen: viewing.seen ?? null,
    seenFromMs: viewing.seenFromMs ?? null,
    seenUntilMs: viewing.seenUntilMs ?? null,
    bytes: bytesOf(viewing.figures?.camera),
  };
}

function bytesOf(side: unknown): number | null {
  const bytes = typeof side === 'object' && side !== null && 'bytes' in side ? side.bytes : undefined;
  return typeof bytes === 'number' ? bytes : null;
}
