import { join } from 'node:path';
import type { JWK } from 'jose';
import type { AuditLog } from '../audit/index.ts';
import { limits } from '../base/index.ts';
import { keptSecret } from '../config/index.ts';
import { createRevocations, type DevelopmentIssuer, type RevocationTable } from '../identity/index.ts';
import type { RelayLevers } from '../levers/index.ts';
import {
  createOwnership,
  type OwnershipAlarm,
  type OwnershipSource,
  type SharedCache,
  type SourceFault,
} from '../ownership/index.ts';
import {
  createGrantSigner,
  createPairing,
  createReproof,
  createSessions,
  type GrantSigner,
  newGrantKey,
  type Pairing,
  type Sessions,
} from '../pairing/index.ts';
import { Rarely } from '../telemetry/index.ts';
import { openAudit } from './audit.ts';
import { developmentIssuerOf } from './embedded.ts';
import { RenewableIdentity } from './identity.ts';
import { openLevers } from './levers.ts';
import type { Means } from './means.ts';
import { fault, sharedCacheObserver } from './observers.ts';
import { sessionSettings } from './part-settings.ts';
import { Reloading } from './reload.ts';
import { openSharedCache } from './shared.ts';
import { openOwnershipSource } from './sources.ts';

/** What a test may put in the place of a part of it. */
export interface ProofParts {
  readonly source?: OwnershipSource;
  readonly sessions?: (real: Sessions) => Sessions;
  /** What was taken back; an empty table otherwise. */
  readonly revocations?: RevocationTable;
}

/** All that stands between a token and a pair, and what is kept of it. */
export interface Proof {
  readonly developmentIssuer: DevelopmentIssuer | undefined;
  readonly identity: RenewableIdentity;
  readonly levers: RelayLevers;
  readonly shared: SharedCache | undefined;
  readonly audit: AuditLog | undefined;
  readonly pairing: Pairing;
  /** The table itself, and what stands in for it. */
  readonly table: Sessions;
  readonly sessions: Sessions;
  readonly grants: GrantSigner;
  readonly reloading: Reloading;
}

/** Opens it. Throws `settings-invalid` for what cannot be had. */
export async function openProof(means: Means, parts: ProofParts): Promise<Proof> {
  const { settings, version, clock, random, log, metrics, started } = means;
  const developmentIssuer = settings.identity.developmentIssuer
    ? await developmentIssuerOf(settings, clock)
    : undefined;
  const revocations = parts.revocations ?? createRevocations();
  const reloading = new Reloading(settings);
  const levers = openLevers(reloading, { clock, revocations }, metrics);
  started.defer(() => levers.close());
  const identity = await RenewableIdentity.open(settings, {
    clock,
    random,
    revocations,
    developmentIssuer,
    metrics,
    log,
  });
  started.defer(() => identity.close());
  const { ownership, shared } = openOwnership(means, parts.source);
  const audit = await openAudit(settings, version, clock, metrics, log);
  if (audit !== undefined) started.defer(() => audit.close());
  const reproof = createReproof(ownership, clock, {
    reproved(outcome, session, fresh) {
      metrics.count('latchkey_reproofs_total', { outcome });
      if (outcome !== 'unanswered') audit?.trail.reproved(session, fresh);
    },
    internal: (error) => fault(metrics, log, error),
  });
  started.defer(() => reproof.close());
  const paired: typeof reproof.paired = (session) => {
    reproof.paired(session);
    audit?.trail.extended(session);
  };
  const table = createSessions(sessionSettings(reloading), clock, random, { paired }, levers);
  const grantKey = await keptSecret<JWK>(join(settings.dataDirectory, 'grant-key.json'), newGrantKey);
  return {
    developmentIssuer,
    identity,
    levers,
    shared,
    audit,
    pairing: createPairing(ownership, clock, levers),
    table,
    sessions: parts.sessions?.(table) ?? table,
    grants: await createGrantSigner(grantKey, 'latchkey', clock),
    reloading,
  };
}

function openOwnership(
  { settings, clock, random, log, metrics, started }: Means,
  given: OwnershipSource | undefined,
): { ownership: ReturnType<typeof createOwnership>; shared: SharedCache | undefined } {
  const alarm = (kind: OwnershipAlarm) => {
    metrics.count('latchkey_alarms_total', { kind });
    log.warn('an answer did not belong to its question', { kind });
  };
  const rarely = new Rarely(clock, limits.faultLogMsMin);
  const observer = {
    alarm,
    fault(reason: SourceFault, code: string | undefined) {
      metrics.count('latchkey_ownership_source_faults_total', { reason });
      if (rarely.may(reason)) log.warn('the source of ownership failed', { fault: reason, code });
    },
  };
  const source = given ?? openOwnershipSource(settings, process.env, { clock, random, observer });
  started.defer(() => source.close());
  const shared = openSharedCache(settings, source, { clock, random }, sharedCacheObserver(metrics, log));
  const ownership = createOwnership(
    source,
    settings.ownership.cache,
    { clock, random, ...(shared && { shared }) },
    {
      answered(outcome, from, ms) {
        metrics.count('latchkey_ownership_answers_total', { outcome, from });
        metrics.took('latchkey_ownership_answer_seconds', ms, { from, outcome });
      },
      alarm,
    },
  );
  started.defer(() => ownership.close());
  return { ownership, shared };
}
