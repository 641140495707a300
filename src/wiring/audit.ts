import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditKey, type AuditLog, newAuditKey, openAuditLog, type StorePlace } from '../audit/index.ts';
import { type Clock, limits } from '../base/index.ts';
import { keptSecret, type Settings } from '../config/index.ts';
import { type Log, type Metrics, Rarely } from '../telemetry/index.ts';

const dayMs = 86_400_000;

/** Where the record of a relay lies, and the key that signs it, which is made the first time. Rejects with `settings-invalid`. */
export async function auditPlaceOf({ dataDirectory }: Settings): Promise<StorePlace> {
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const key = await keptSecret<AuditKey>(join(dataDirectory, 'audit-key.json'), async () => newAuditKey());
  return { file: join(dataDirectory, 'audit.sqlite'), anchorFile: join(dataDirectory, 'audit-anchor'), key };
}

/** Opens the record of who saw what. Undefined where the settings want none. Rejects with `settings-invalid` where it cannot be had. */
export async function openAudit(
  settings: Settings,
  version: string,
  clock: Clock,
  metrics: Metrics,
  log: Log,
): Promise<AuditLog | undefined> {
  const { enabled, required, namesDays, retentionDays } = settings.audit;
  if (!enabled) return undefined;
  const rarely = new Rarely(clock, limits.faultLogMsMin);
  const bounds = {
    namesMsMax: namesDays === null ? undefined : namesDays * dayMs,
    recordsMsMax: retentionDays === null ? undefined : retentionDays * dayMs,
  };
  return await openAuditLog(
    await auditPlaceOf(settings),
    { required, version, ...bounds },
    { clock },
    {
      recorded: (kind) => metrics.count('latchkey_audit_records_total', { kind }),
      committed: (ms) => metrics.took('latchkey_audit_commit_seconds', ms),
      failed(why) {
        metrics.count('latchkey_audit_failures_total');
        if (rarely.may('audit')) log.error('the audit cannot be written', undefined, { why });
      },
      writable(now) {
        if (now) log.info('the audit can be written');
        else log.error(required ? 'nothing new is shown: the audit cannot be written' : 'the audit has a gap');
      },
      lost: (sessions) => log.warn('an earlier run was killed: its live views are on record as lost', { sessions }),
      broken: () => log.error('the audit is not what it was: run latchkey audit verify'),
      head: (head) => log.info('the head of the audit', { head }),
    },
  );
}
