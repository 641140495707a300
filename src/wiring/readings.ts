import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AuditLog } from '../audit/index.ts';
import { limits } from '../base/index.ts';
import type { Settings } from '../config/index.ts';
import { features, type RelayLevers } from '../levers/index.ts';
import type { SharedCache } from '../ownership/index.ts';
import type { Relay } from '../relay/index.ts';
import type { Signaling, Transport } from '../signaling/index.ts';
import type { Build, Readiness, Readings } from '../telemetry/index.ts';

/** What changes while a relay starts and serves, and no room keeps. */
export interface Standing {
  readiness: Readiness;
  build: Build;
  connections: number;
}

export interface ReadParts {
  readonly settings: Settings;
  readonly standing: Standing;
  readonly sessions: { readonly size: number };
  readonly signaling: Signaling;
  readonly transport: Pick<Transport, 'held'>;
  readonly relay: Relay;
  readonly shared: SharedCache | undefined;
  readonly audit: AuditLog | undefined;
  readonly levers: Pick<RelayLevers, 'quarantined' | 'positionOf'>;
  readonly draining: { readonly begun: boolean };
}

/** What the metrics read at each scrape: sizes and counters that are there already. */
export function readingsOf({
  settings,
  standing,
  sessions,
  signaling,
  transport,
  relay,
  shared,
  levers,
  audit,
  draining,
}: ReadParts): Readings {
  const capacity = {
    connections: settings.http.connectionsMax,
    sessions: limits.sessionsMax,
    waiting: settings.admission.waitingMax,
  };
  const certificateEndsAtMs = certificateEnd(settings.http.tls?.certificateFile);
  return {
    build: () => standing.build,
    ready: () => standing.readiness === 'ready',
    sessions: () => sessions.size,
    devices: () => signaling.devicesOnline,
    connections: () => standing.connections,
    connectionsHeld: () => transport.held,
    capacity: () => capacity,
    sharedCache: () => shared?.inUse,
    certificateEndsAtMs: () => certificateEndsAtMs,
    levers: () => ({
      quarantined: levers.quarantined,
      switches: Object.fromEntries(features.map((feature) => [feature, levers.positionOf(feature)])),
    }),
    draining: () => draining.begun,
    audit: () => audit,
    admission: () => signaling.admission,
    relay: () => ({ workers: relay.workers, workersFailed: relay.counters.workersFailed, tcp: relay.counters.tcp }),
  };
}

/** When the first certificate of a file ends, in milliseconds since the epoch; undefined for one that cannot be read, which whoever serves by it refuses. */
export function certificateEnd(file: string | undefined): number | undefined {
  if (file === undefined) return undefined;
  try {
    const endsAtMs = Date.parse(new X509Certificate(readFileSync(file)).validTo);
    return Number.isNaN(endsAtMs) ? undefined : endsAtMs;
  } catch {
    return undefined;
  }
}
