import { type Admin, type AdminPowers, openAdmin } from '../admin/index.ts';
import type { Settings } from '../config/index.ts';
import { features, type SwitchPositions } from '../levers/index.ts';
import type { Relay } from '../relay/index.ts';
import type { LoopLag, Signaling, Transport } from '../signaling/index.ts';
import { adminObserver, adminSettings } from './admin.ts';
import { auditReader } from './admin-record.ts';
import { Draining } from './draining.ts';
import { switchPositions } from './levers.ts';
import type { Means } from './means.ts';
import { nodeStatusOf } from './node-status.ts';
import { fault } from './observers.ts';
import type { Proof } from './proof.ts';
import { readingsOf, type Standing } from './readings.ts';
import type { Tallies } from './tallies.ts';

export interface OperatorParts {
  readonly proof: Proof;
  readonly relay: Relay;
  readonly signaling: Signaling;
  readonly transport: Transport;
  readonly lag: LoopLag;
  readonly tallies: Tallies;
  readonly standing: Standing;
  /** Reads the settings again; the same ones, when left out. */
  readonly readSettings?: (() => Settings) | undefined;
  /** Powers of the admin API, beside those that the relay gives it. */
  readonly admin?: Partial<AdminPowers> | undefined;
}

/** What an operator sees a relay by, and steers it with. */
export interface Operators {
  readonly draining: Draining;
  readonly admin: Admin;
}

/** Opens it: what metrics read, the drain, the admin port, and what a reload takes. Throws `settings-invalid` for a port that cannot be had. */
export async function openOperators(means: Means, parts: OperatorParts): Promise<Operators> {
  const { settings, started, metrics } = means;
  const { proof, relay, signaling, transport, standing } = parts;
  const { table, shared, levers, audit } = proof;
  levers.actOn({ sessions: proof.sessions, connections: signaling });
  const draining = drainingOf(means, parts);
  started.defer(() => draining.close());
  metrics.readFrom(
    readingsOf({ settings, standing, sessions: table, signaling, transport, relay, shared, levers, audit, draining }),
  );
  const admin = await openAdminPort(means, parts, draining);
  started.defer(() => admin.close());
  attachReload(means, parts, admin);
  return { draining, admin };
}

function drainingOf(
  { clock, log }: Means,
  { proof: { table, reloading }, signaling, transport, standing }: OperatorParts,
): Draining {
  return new Draining({
    clock,
    log,
    settings: () => reloading.settings.drain,
    signaling,
    sessions: () => table.size,
    begun: () => {
      standing.readiness = 'draining';
    },
    letGo: () => transport.letGo(),
  });
}

async function openAdminPort(means: Means, parts: OperatorParts, draining: Draining): Promise<Admin> {
  const { settings, version, clock, random, log, metrics } = means;
  const { relay, signaling, transport, lag, tallies, standing } = parts;
  const { table, levers, audit, reloading } = parts.proof;
  const status = nodeStatusOf({
    clock,
    version,
    tallies,
    relay,
    signaling,
    levers,
    audit,
    readiness: () => standing.readiness,
    transport: () => transport.name,
    connections: () => standing.connections,
    sessions: () => table.size,
    lagMs: () => lag.ms,
  });
  const powers: AdminPowers = {
    clock,
    random,
    status,
    levers,
    audit,
    record: audit && auditReader(audit),
    drain: (options) => draining.drain(options),
    reload: () => reloading.reload(),
    ...parts.admin,
  };
  return await openAdmin(await adminSettings(settings, random, version), powers, adminObserver(metrics, log));
}

function attachReload({ settings, version, random, log, metrics }: Means, parts: OperatorParts, admin: Admin): void {
  const { proof, transport, signaling, relay, readSettings = () => settings } = parts;
  proof.reloading.attach({
    read: readSettings,
    log,
    metrics,
    identity: proof.identity,
    transport,
    signaling,
    relay,
    others: [
      async (next) => {
        const positions = switchPositions(next);
        return () => {
          putOnRecord(proof, positions);
          proof.levers.useSettings(positions).catch((error: unknown) => fault(metrics, log, error));
        };
      },
      async (next) => admin.renewal(await adminSettings(next, random, version)),
    ],
  });
}

/** The settings throw switches as people do, and are on record as they are. Where that cannot be written now, it is written later. */
function putOnRecord({ levers, audit }: Proof, positions: SwitchPositions): void {
  const { settings: before } = levers.list();
  for (const feature of features) {
    const detail = JSON.stringify(positions[feature]);
    if (JSON.stringify(before[feature]) === detail) continue;
    const act = { action: 'settings.switch', by: 'settings', target: feature, outcome: 'done', detail } as const;
    audit?.operatorActed(act).catch(() => {});
  }
}
